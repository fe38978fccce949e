"""What the pages for staff share: who may enter, forms, and pages that are not cached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from falcon import App, HTTPBadRequest, HTTPSeeOther, Request, Response

from rentomatic.domain.quoting import without_hidden
from rentomatic.money import Money
from rentomatic.settings import ApiKey
from rentomatic.web.access.keys import Scope, ScopeMissing
from rentomatic.web.access.sessions import CrossSite, Sessions, require_same_origin
from rentomatic.web.http.bodies import Accepted, SmallBodies
from rentomatic.web.http.errors import AccessDenied
from rentomatic.web.limits.lanes import Lane
from rentomatic.web.limits.turns import Turns
from rentomatic.web.pages.layout import Layout
from rentomatic.web.pages.photos import Photos

FORM_BODY = Accepted(
    ("application/x-www-form-urlencoded",), re.compile("utf-8|us-ascii"), limit=1 << 18, patience=10.0
)

MAX_FIELDS = 50

_OF_READING = ("GET", "HEAD")


@dataclass(slots=True)
class Form:
    """A form as its template shows it.

    values: of the fields. problems: their errors. status: of the response if there are any.
    """

    values: Mapping[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    status: int = 422


def typed(text: str) -> str:
    """Return typed or pasted text without surrounding white space and hidden characters."""
    return without_hidden(text).strip()


class Refused(Exception):
    """A page that the user may not have. title: of the error page."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(detail)
        self.title = title


class NotSignedIn(Refused):
    """A form from a user who is not, or no longer, signed in."""

    def __init__(self) -> None:
        detail = "Nothing was changed: you are not signed in, or your session has ended."
        super().__init__("You are not signed in", detail)


class Desk:
    """Lets staff in, and reads their forms."""

    def __init__(self, layout: Layout, sessions: Sessions, turns: Turns) -> None:
        self._layout = layout
        self._sessions = sessions
        self._turns = turns

    @property
    def photos(self) -> Photos:
        """Where the photos of rooms may come from."""
        return self._layout.photos

    @property
    def money(self) -> Money:
        """How prices are shown."""
        return self._layout.money

    def install(self, app: App[Request, Response]) -> None:
        """Make the application respond with a page when a user is refused."""

        def refused(req: Request, resp: Response, error: Refused, params: dict[str, Any]) -> None:
            self.refuse(req, resp, error)

        def cross_site(req: Request, resp: Response, error: CrossSite, params: dict[str, Any]) -> None:
            self.refuse(req, resp, Refused("This form came from another site", str(error)))

        app.add_error_handler(Refused, refused)
        app.add_error_handler(CrossSite, cross_site)

    def admit(self, req: Request, scope: Scope) -> ApiKey:
        """Return the key of the signed-in user, who must have the scope.

        Redirects a user who is not signed in: raises HTTPSeeOther, or NotSignedIn for a form. Raises Refused
        for a key without the scope.
        """
        try:
            return self._sessions.require(req, scope)
        except ScopeMissing as missing:
            detail = f"Your key lacks the scope “{missing.scope}”, which this page needs."
            raise Refused("Your key does not allow this", detail) from missing
        except AccessDenied as denied:
            if req.method in _OF_READING:
                raise HTTPSeeOther(f"/staff?next={quote(req.relative_uri, safe='/')}") from denied
            raise NotSignedIn from denied

    def admits(self, req: Request, scope: Scope) -> bool:
        """Whether `admit` would let the user in."""
        return self._sessions.allow(req, scope)

    def form(self, req: Request, lane: Lane | None = None) -> dict[str, str]:
        """Return the fields of a form, without surrounding white space.

        lane: for its body, by default the one of forms. Raises CrossSite, HTTPError and Overloaded.
        """
        require_same_origin(req)
        body = SmallBodies(FORM_BODY, self._turns, lane or self._turns.lanes.forms).read(req)
        try:
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
            )
        except ValueError as error:
            raise HTTPBadRequest(description="The form cannot be read.") from error
        return {name: text.strip() for name, text in pairs}

    def answer(self, req: Request, resp: Response, name: str, status: int = 200, **values: object) -> None:
        """Respond with a page that is not cached: it may contain what only this key may see."""
        self._layout.answer(req, resp, name, **values)
        resp.status = status
        resp.set_header("Cache-Control", "no-store")

    def refuse(self, req: Request, resp: Response, refusal: Refused) -> None:
        """Respond with the page that gives the reason."""
        self.answer(req, resp, "staff/refused.html", 403, refusal=refusal)
