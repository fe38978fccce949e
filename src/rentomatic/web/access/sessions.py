"""Sessions of staff in a browser: their key in a cookie, and forms that only pages of this site may send."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from falcon import Request, Response

from rentomatic.settings import ApiKey
from rentomatic.web.access.keys import Keys, Scope

COOKIE = "rentomatic_key"

COOKIE_OF_HTTPS = f"__Host-{COOKIE}"
"""Browsers accept a cookie of this name only from this host over HTTPS, never from a sibling domain."""

LIFETIME = 12 * 3600
"""Seconds for which a browser keeps the cookie: a long working day."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_FROM_HERE = ("same-origin", "none")


class CrossSite(Exception):
    """A form was not sent from a page of this site, or its origin is unknown."""


class Sessions:
    """Who is signed in. The cookie is the key itself, so the server stores no sessions."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    @property
    def let_write(self) -> bool:
        """Whether there is any key to sign in with."""
        return self._keys.let_write

    def begin(self, req: Request, resp: Response, given: str) -> None:
        """Sign in with a key. Raises AccessDenied."""
        self._keys.check(req, given)
        _set_cookie(req, resp, given, max_age=LIFETIME)

    def end(self, req: Request, resp: Response) -> None:
        """Sign out."""
        _set_cookie(req, resp, "", expires=_LONG_AGO)

    def of(self, req: Request, resp: Response) -> ApiKey | None:
        """Return the key of the signed-in user; delete a cookie whose key is no longer valid."""
        given = _cookie(req)
        if not given:
            return None
        found = self._keys.find(given)
        if found is None:
            self.end(req, resp)
        return found

    def require(self, req: Request, scope: Scope) -> ApiKey:
        """Return the key of the signed-in user, who must have the scope. Raises AccessDenied."""
        return self._keys.check(req, _cookie(req), scope)

    def allow(self, req: Request, scope: Scope) -> bool:
        """Whether a user with this scope is signed in; unlike `require`, without a line in the log."""
        key = self._keys.find(_cookie(req))
        return key is not None and scope in key.scopes


def require_same_origin(req: Request) -> None:
    """Raise CrossSite for a form that another site may have sent with this site's cookie (CSRF).

    The browser tells where a request comes from, and no page can make it lie: by Sec-Fetch-Site or, in old
    browsers and without HTTPS, by Origin or at least Referer. SameSite=Strict alone would let pages from
    other ports and sibling domains pass. See "Fetch Metadata" and "Verifying Origin With Standard Headers" in
    OWASP's Cross-Site Request Forgery Prevention Cheat Sheet, and RFC 6454.
    """
    site = req.get_header("Sec-Fetch-Site")
    if site is None:
        if _origin(req) == req.forwarded_prefix.lower():
            return
    elif site in _FROM_HERE:
        return
    raise CrossSite("This form was not sent from a page of this site. Open the page here and send it again.")


def _origin(req: Request) -> str | None:
    """Return the origin that the request states: scheme, host, and the port if it is not the default."""
    origin = req.get_header("Origin")
    if origin is not None:
        return origin.lower()
    try:
        referrer = urlsplit(req.get_header("Referer") or "")
    except ValueError:
        return None
    return f"{referrer.scheme}://{referrer.netloc}".lower()


def _is_https(req: Request) -> bool:
    return req.forwarded_scheme == "https"


def _name(req: Request) -> str:
    return COOKIE_OF_HTTPS if _is_https(req) else COOKIE


def _cookie(req: Request) -> str:
    return req.cookies.get(_name(req), "")


def _set_cookie(
    req: Request,
    resp: Response,
    value: str,
    max_age: int | None = None,
    expires: datetime | None = None,
) -> None:
    """Set the cookie for `max_age` seconds, or until `expires`."""
    resp.set_cookie(
        _name(req),
        value,
        expires=expires,
        max_age=max_age,
        path="/",
        secure=_is_https(req),
        http_only=True,
        same_site="Strict",
    )
