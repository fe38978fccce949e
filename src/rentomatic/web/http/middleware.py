"""What every request passes: its id, the limit on its URL, its turn, its log line, the metrics."""

import logging
import re
import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import unquote

from falcon import HTTPMethodNotAllowed, Request, Response

from rentomatic.domain.quoting import shortened, visible
from rentomatic.web.http.errors import UrlTooLong
from rentomatic.web.limits.turns import Turns

if TYPE_CHECKING:
    from rentomatic.web.telemetry.metrics import Metrics
    from rentomatic.web.telemetry.observed import StorageTime

MAX_URL = 8192
"""Bytes of path and query together."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")

_log = logging.getLogger("rentomatic.access")

_STATIC = "/static/"
_OF_FILES = ("GET", "HEAD", "OPTIONS")
_WITHOUT_PLACE = ("/health/live", "/health/ready", "/metrics")
_NO_ROUTE = "(none)"


class RequestMiddleware:
    """Gives each request an id, the client's own if it is well formed; logs and counts the response."""

    def __init__(self, turns: Turns, metrics: "Metrics", spent: "StorageTime") -> None:
        self._turns = turns
        self._metrics = metrics
        self._spent = spent

    def process_request(self, req: Request, resp: Response) -> None:
        given = req.get_header("X-Request-ID") or ""
        req.context.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        req.context.started = time.perf_counter()
        self._spent.seconds = 0.0
        resp.set_header("X-Request-ID", req.context.request_id)
        resp.set_header("X-Content-Type-Options", "nosniff")
        # The cursor that a next link adds does not count, so that an accepted search can be paged.
        pieces = [piece for piece in req.query_string.split("&") if not piece.startswith("cursor=")]
        rest = len(req.query_string) - sum(map(len, pieces))
        if len(req.path) + sum(map(len, pieces)) > MAX_URL or rest > MAX_URL:
            longest = max(req.query_string.split("&"), key=len)
            raise UrlTooLong(MAX_URL, visible(shortened(unquote(longest.partition("=")[0]), 60)))
        if req.path.startswith(_STATIC) and req.method not in ("GET", "HEAD"):
            if req.method != "OPTIONS":
                raise HTTPMethodNotAllowed(_OF_FILES)  # Falcon's static route would accept any method
            resp.set_header("Allow", ", ".join(_OF_FILES))
            resp.complete = True

    def process_resource(self, req: Request, resp: Response, resource: object, params: object) -> None:
        """Called if the path has a route."""
        if req.uri_template in _WITHOUT_PLACE:
            return
        self._turns.begin(req)

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        if self._spent.seconds:  # https://www.w3.org/TR/server-timing/, in milliseconds
            resp.set_header("Server-Timing", f"storage;dur={self._spent.seconds * 1000:.3f}")
        seconds = time.perf_counter() - req.context.started
        self._metrics.answered(req.method, _route(req), resp.status_code, seconds)
        # Probes arrive every second: their lines would push those of people out of a log of limited size.
        is_probe = req.uri_template in _WITHOUT_PLACE and resp.status_code == 200
        _log.log(
            logging.DEBUG if is_probe else logging.INFO,
            "%s %s",
            req.method,
            req.path[:200],
            extra={
                "request_id": req.context.request_id,
                "method": req.method,
                "path": req.path[:200],
                "query": req.query_string[:1000],
                "status": resp.status_code,
                "duration_ms": round(seconds * 1000, 3),
            },
        )


def _route(req: Request) -> str:
    """Return the template of the path; all paths without one share a name."""
    return req.uri_template or (_STATIC if req.path.startswith(_STATIC) else _NO_ROUTE)
