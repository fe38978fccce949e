"""Every failure as `application/problem+json` (RFC 9457): the one place that maps errors to problems.

`problems` lists these, with their statuses.

People who request a page get a page instead, with the same status and headers.
"""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from falcon import App, HTTPError, Request, Response

from rentomatic.domain.quoting import counted, visible
from rentomatic.listings.source import ListingError, ListingTooLong
from rentomatic.requests.narrowing import narrowing_in_words
from rentomatic.use_cases.errors import (
    ConflictError,
    DocumentError,
    ParametersError,
    PreconditionFailed,
    Problem,
    RentomaticError,
    RepositoryUnavailable,
    ResourceError,
    StorageReadOnly,
    TooCostly,
    WordsNotStored,
)
from rentomatic.use_cases.import_rooms import ImportRefused
from rentomatic.web.http import problems
from rentomatic.web.http.import_report import ListingRefused, as_in_a_request, refused_lines, totals
from rentomatic.web.http.problems import ProblemType, of_http
from rentomatic.web.limits.lanes import Overloaded

if TYPE_CHECKING:
    from rentomatic.web.telemetry.metrics import Metrics

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "1"

PROBLEMS: dict[type[RentomaticError], ProblemType] = {
    ParametersError: problems.PARAMETERS,
    DocumentError: problems.DOCUMENT,
    ResourceError: problems.NO_SUCH_ROOM,
    ConflictError: problems.CODE_TAKEN,
    PreconditionFailed: problems.PRECONDITION_FAILED,
    RepositoryUnavailable: problems.STORAGE_UNAVAILABLE,
    TooCostly: problems.TOO_COSTLY,
    WordsNotStored: problems.WORDS_NOT_STORED,
    StorageReadOnly: problems.READ_ONLY,
    ListingError: problems.LISTING,
    ListingTooLong: problems.LISTING_TOO_LONG,
    ImportRefused: problems.IMPORT_REFUSED,
}
"""The problem for each error of a use case."""

_log = logging.getLogger("rentomatic.web")

Show = Callable[[Request, Response, Mapping[str, Any]], None]
"""Replaces a problem in the response by a page, if a person requested one."""


class AccessDenied(Exception):
    """The sender may not make this request.

    challenge: parameters of WWW-Authenticate besides the realm; None if no key would help.
    """

    problem: ProblemType
    challenge: Mapping[str, str] | None = None


class UrlTooLong(Exception):
    """A URL beyond the limit; names the parameter that makes it so long."""

    def __init__(self, limit: int, parameter: str) -> None:
        super().__init__(f"The URL is longer than {limit} bytes.")
        self.limit = limit
        self.parameter = parameter


def install(app: App[Request, Response], metrics: "Metrics", show: Show) -> None:
    """Make the application respond to every failure with a problem; the metrics count rejected requests."""

    def overloaded(req: Request, resp: Response, error: Overloaded, params: dict[str, Any]) -> None:
        metrics.turned_away()
        resp.set_header("Retry-After", str(error.retry_after))
        after = counted(error.retry_after, "second")
        _answer(req, resp, problems.OVERLOADED, f"{error} Nothing was done: try again in {after}.")

    def shown(answer: Callable[[Request, Response, Any, dict[str, Any]], None]) -> Callable[..., None]:
        def handle(req: Request, resp: Response, error: Exception, params: dict[str, Any]) -> None:
            answer(req, resp, error, params)
            show(req, resp, req.context.problem)

        return handle

    app.add_error_handler(Exception, shown(_unexpected))
    app.add_error_handler(HTTPError, shown(_http_error))
    app.add_error_handler(RentomaticError, shown(_use_case_error))
    app.add_error_handler(UrlTooLong, shown(_url_too_long))
    app.add_error_handler(Overloaded, shown(overloaded))
    app.add_error_handler(AccessDenied, shown(_access_denied))


def _use_case_error(req: Request, resp: Response, error: RentomaticError, params: dict[str, Any]) -> None:
    kind = next(PROBLEMS[found] for found in type(error).__mro__ if found in PROBLEMS)
    members: dict[str, Any] = {}
    detail = str(error)
    if isinstance(error, ParametersError | DocumentError):
        wrong = error.problems if isinstance(error, ParametersError) else error.faults
        members["errors"] = wrong
        detail = "; ".join(map(str, wrong[:3])) + ("; …" if len(wrong) > 3 else "")
    elif isinstance(error, ListingError):
        detail = as_in_a_request(detail, error.remedy)
    elif isinstance(error, TooCostly):
        detail = f"{error} {narrowing_in_words(error.query)}"
    elif isinstance(error, ImportRefused):
        columns = {"columns": error.columns} if isinstance(error, ListingRefused) else {}
        members = {**totals(error.report), **columns, **refused_lines(error.report)}
    if kind is problems.STORAGE_UNAVAILABLE:
        resp.set_header("Retry-After", RETRY_AFTER_SECONDS)
    if isinstance(error, RepositoryUnavailable):
        cause = repr(error.__cause__ or error)
        _log.warning("%s", error, extra={"request_id": req.context.request_id, "cause": cause})
    _answer(req, resp, kind, detail, **members)


def _url_too_long(req: Request, resp: Response, error: UrlTooLong, params: dict[str, Any]) -> None:
    errors = [Problem(error.parameter, f"makes the URL longer than {error.limit} bytes")]
    _answer(req, resp, problems.URL_TOO_LONG, str(error), errors=errors)


def _access_denied(req: Request, resp: Response, error: AccessDenied, params: dict[str, Any]) -> None:
    if error.challenge is not None:
        parameters = {"realm": "rentomatic", **error.challenge}
        quoted = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
        resp.set_header("WWW-Authenticate", f"Bearer {quoted}")
    _answer(req, resp, error.problem, str(error))


def _http_error(req: Request, resp: Response, error: HTTPError, params: dict[str, Any]) -> None:
    """Handle what Falcon itself refuses: an unknown path, a wrong method, a malformed header."""
    kind = of_http(error.status_code)
    if error.headers:
        resp.set_headers(error.headers)
    _answer(req, resp, kind, error.description or kind.status.description)


def _unexpected(req: Request, resp: Response, error: Exception, params: dict[str, Any]) -> None:
    """Handle a defect: the log gets the traceback, the response only the id under which it is logged."""
    _log.error("unexpected error", extra={"request_id": req.context.request_id}, exc_info=error)
    detail = "The server failed. Its operator can find the reason by the request id."
    _answer(req, resp, of_http(HTTPStatus.INTERNAL_SERVER_ERROR), detail)


def _answer(req: Request, resp: Response, kind: ProblemType, detail: str, **members: Any) -> None:
    resp.status = int(kind.status)
    resp.content_type = MEDIA_TYPE
    resp.set_header("Cache-Control", "no-store")
    resp.text = None
    if (close := getattr(resp.stream, "close", None)) is not None:
        close()  # frees the place of an export
    resp.stream = None
    req.context.problem = {
        "type": kind.uri,
        "title": kind.title,
        "status": int(kind.status),
        "detail": visible(detail),
        **members,
        "request_id": req.context.request_id,
    }
    resp.data = msgspec.json.encode(req.context.problem)
