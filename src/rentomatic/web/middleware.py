"""What every request passes: its id, the bound on its URL, and its line in the log."""

import logging
import re
import time
import uuid
from urllib.parse import unquote

from falcon import Request, Response

from rentomatic.web.errors import UrlTooLong
from rentomatic.web.gate import Gate

MAX_URL = 8192
"""Bytes of path and query together."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")

_log = logging.getLogger("rentomatic.access")

_UNGATED = ("/health/", "/static/")


class RequestMiddleware:
    """Gives each request an id, the caller's own where it is well formed, and logs the answer."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def process_request(self, req: Request, resp: Response) -> None:
        given = req.get_header("X-Request-ID") or ""
        req.context.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        req.context.started = time.perf_counter()
        resp.set_header("X-Request-ID", req.context.request_id)
        resp.set_header("X-Content-Type-Options", "nosniff")
        # The cursor that a next link adds does not count: a search that was answered can be paged.
        pieces = [piece for piece in req.query_string.split("&") if not piece.startswith("cursor=")]
        rest = len(req.query_string) - sum(map(len, pieces))
        if len(req.path) + sum(map(len, pieces)) > MAX_URL or rest > MAX_URL:
            longest = max(req.query_string.split("&"), key=len)
            raise UrlTooLong(MAX_URL, unquote(longest.partition("=")[0])[:60])
        if not req.path.startswith(_UNGATED):
            self._gate.enter()
            req.context.entered = True

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        if "entered" in req.context:
            self._gate.leave()
        _log.info(
            "%s %s",
            req.method,
            req.path[:200],
            extra={
                "request_id": req.context.request_id,
                "method": req.method,
                "path": req.path[:200],
                "query": req.query_string[:1000],
                "status": resp.status_code,
                "duration_ms": round((time.perf_counter() - req.context.started) * 1000, 3),
            },
        )
