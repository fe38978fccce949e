"""Requests by scripts of other sites (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).

Credentials that a browser adds by itself are never allowed: a key is a bearer token, which the script must
have and send.
"""

from collections.abc import Sequence

from falcon import Request, Response

ANY = "*"

REQUEST_HEADERS = (
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "X-Request-ID",
)
"""Headers that a script may send besides those that any page may."""

EXPOSED_HEADERS = (
    "Allow",
    "Content-Disposition",
    "Content-Location",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "Server-Timing",
    "WWW-Authenticate",
    "X-Request-ID",
    "X-Total-Count",
    "X-Total-Count-Exact",
)
"""Headers that a script may read besides those that any page may."""

_EXPOSED = ", ".join(EXPOSED_HEADERS)

_KEEP_PREFLIGHT = "7200"
"""Seconds; browsers cap it at this."""


class CorsMiddleware:
    """Lets scripts of some sites, or of all, send requests and read responses."""

    def __init__(self, origins: Sequence[str] = (ANY,)) -> None:
        """origins: such as `https://partner.example`, or `*` for all; empty for none."""
        self._origins = frozenset(origins)
        self._any = ANY in self._origins

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        origin = req.get_header("Origin")
        if self._any:  # the same with and without an origin, so that caches can ignore it
            resp.set_header("Access-Control-Allow-Origin", ANY)
        elif self._origins:
            resp.append_header("Vary", "Origin")
            if origin not in self._origins:
                return
            resp.set_header("Access-Control-Allow-Origin", origin)
        else:
            return
        resp.set_header("Access-Control-Expose-Headers", _EXPOSED)
        if req.method == "OPTIONS" and req.get_header("Access-Control-Request-Method"):
            resp.set_header("Access-Control-Allow-Methods", resp.get_header("Allow") or "")
            resp.set_header("Access-Control-Allow-Headers", ", ".join(REQUEST_HEADERS))
            resp.set_header("Access-Control-Max-Age", _KEEP_PREFLIGHT)
