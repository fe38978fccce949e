"""Every failure as `application/problem+json` (RFC 9457): the one place that gives errors a status."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from falcon import App, HTTPError, Request, Response

from rentomatic.serializers.source import ListingError, ListingTooLong
from rentomatic.use_cases.errors import (
    ConflictError,
    DocumentError,
    ParametersError,
    PreconditionFailed,
    RentomaticError,
    RepositoryUnavailable,
    ResourceError,
)
from rentomatic.use_cases.import_rooms import ImportRefused
from rentomatic.web.gate import Overloaded
from rentomatic.web.import_report import as_in_a_request, as_members
from rentomatic.web.keys import AccessDenied

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "1"

PROBLEMS: dict[type[RentomaticError], tuple[HTTPStatus, str, str]] = {
    ParametersError: (HTTPStatus.BAD_REQUEST, "parameters", "Parameters that cannot be understood"),
    DocumentError: (HTTPStatus.BAD_REQUEST, "document", "A document that describes no room"),
    ResourceError: (HTTPStatus.NOT_FOUND, "no-such-room", "No such room"),
    ConflictError: (HTTPStatus.CONFLICT, "code-taken", "There is a room with that code already"),
    PreconditionFailed: (HTTPStatus.PRECONDITION_FAILED, "precondition-failed", "The room is another one"),
    RepositoryUnavailable: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "storage-unavailable",
        "The storage is not available",
    ),
    ListingError: (HTTPStatus.UNPROCESSABLE_ENTITY, "listing", "The body makes no listing"),
    ListingTooLong: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "listing-too-long", "The listing is too long"),
    ImportRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "import-refused", "There are lines that make no room"),
}
"""The status, the type (`urn:rentomatic:problem:…`) and the title of each error of a use case."""

_log = logging.getLogger("rentomatic.web")


class UrlTooLong(Exception):
    """A URL beyond the bound; names the parameter that makes it so long."""

    def __init__(self, limit: int, parameter: str) -> None:
        super().__init__(f"The URL is longer than {limit} bytes.")
        self.limit = limit
        self.parameter = parameter


def install(app: App[Request, Response]) -> None:
    """Let the application answer every failure with a problem."""
    app.add_error_handler(Exception, _unexpected)
    app.add_error_handler(HTTPError, _http_error)
    app.add_error_handler(RentomaticError, _use_case_error)
    app.add_error_handler(UrlTooLong, _url_too_long)
    app.add_error_handler(Overloaded, _overloaded)
    app.add_error_handler(AccessDenied, _access_denied)


def _use_case_error(req: Request, resp: Response, error: RentomaticError, params: dict[str, Any]) -> None:
    status, slug, title = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    members: dict[str, Any] = {}
    if isinstance(error, ParametersError | DocumentError):
        wrong = error.problems if isinstance(error, ParametersError) else error.faults
        members["errors"] = wrong
        detail = "; ".join(map(str, wrong[:3])) + ("; …" if len(wrong) > 3 else "")
    else:
        detail = as_in_a_request(str(error)) if isinstance(error, ListingError) else str(error)
    if isinstance(error, ImportRefused):
        members = as_members(error.report)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        resp.set_header("Retry-After", RETRY_AFTER_SECONDS)
        cause = repr(error.__cause__ or error)
        _log.warning("%s", error, extra={"request_id": req.context.request_id, "cause": cause})
    _answer(req, resp, status, f"urn:rentomatic:problem:{slug}", title, detail, **members)


def _url_too_long(req: Request, resp: Response, error: UrlTooLong, params: dict[str, Any]) -> None:
    errors = [{"parameter": error.parameter, "message": f"makes the URL longer than {error.limit} bytes"}]
    status = HTTPStatus.REQUEST_URI_TOO_LONG
    _answer(
        req, resp, status, "urn:rentomatic:problem:url-too-long", status.phrase, str(error), errors=errors
    )


def _overloaded(req: Request, resp: Response, error: Overloaded, params: dict[str, Any]) -> None:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    resp.set_header("Retry-After", RETRY_AFTER_SECONDS)
    _answer(req, resp, status, "urn:rentomatic:problem:overloaded", "Too much to do", str(error))


def _access_denied(req: Request, resp: Response, error: AccessDenied, params: dict[str, Any]) -> None:
    if error.challenge is not None:
        parameters = {"realm": "rentomatic", **error.challenge}
        quoted = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
        resp.set_header("WWW-Authenticate", f"Bearer {quoted}")
    kind = f"urn:rentomatic:problem:{error.slug}"
    _answer(req, resp, error.status, kind, error.title, str(error))


def _http_error(req: Request, resp: Response, error: HTTPError, params: dict[str, Any]) -> None:
    """What Falcon itself refuses: an unknown path, a wrong method, a malformed header."""
    status = HTTPStatus(error.status_code)
    if error.headers:
        resp.set_headers(error.headers)
    _answer(req, resp, status, "about:blank", status.phrase, error.description or status.description)


def _unexpected(req: Request, resp: Response, error: Exception, params: dict[str, Any]) -> None:
    """A defect: the log has the traceback, the answer only the id under which it stands there."""
    _log.error("unexpected error", extra={"request_id": req.context.request_id}, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "The server failed. Its operator finds the reason under the request id."
    _answer(req, resp, status, "about:blank", status.phrase, detail)


def _answer(
    req: Request, resp: Response, status: HTTPStatus, kind: str, title: str, detail: str, **members: Any
) -> None:
    resp.status = int(status)
    resp.content_type = MEDIA_TYPE
    resp.set_header("Cache-Control", "no-store")
    resp.text = None
    resp.stream = None
    resp.data = msgspec.json.encode(
        {
            "type": kind,
            "title": title,
            "status": int(status),
            "detail": detail,
            **members,
            "request_id": req.context.request_id,
        }
    )
