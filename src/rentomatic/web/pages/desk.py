"""What the pages for staff share: who may enter, forms, and pages that nobody keeps."""

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
from rentomatic.web.limits.turns import Turns
from rentomatic.web.pages.layout import Layout

FORM_BODY = Accepted(
    ("application/x-www-form-urlencoded",), re.compile("utf-8|us-ascii"), limit=1 << 16, patience=10.0
)

MAX_FIELDS = 50

_OF_READING = ("GET", "HEAD")


@dataclass(slots=True)
class Form:
    """A form as its template shows it. values: what the fields hold. problems: what is wrong with them."""

    values: Mapping[str, str]
    problems: dict[str, str] = field(default_factory=dict)


def typed(text: str) -> str:
    """What somebody typed or pasted, without white space around it and hidden characters in it."""
    return without_hidden(text).strip()


class Refused(Exception):
    """A page that whoever asks for it may not have. title: of the page that says so."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(detail)
        self.title = title


class NotSignedIn(Refused):
    """A form of somebody who is not signed in, or not any more."""

    def __init__(self) -> None:
        detail = "Nothing was changed: you are not signed in, or your session has ended."
        super().__init__("You are not signed in", detail)


class Desk:
    """Where staff are let in, and their forms taken."""

    def __init__(self, layout: Layout, sessions: Sessions, turns: Turns) -> None:
        self._layout = layout
        self._sessions = sessions
        self._bodies = SmallBodies(FORM_BODY, turns, turns.lanes.forms)

    @property
    def money(self) -> Money:
        """How prices are shown."""
        return self._layout.money

    def install(self, app: App[Request, Response]) -> None:
        """Let the application answer with a page where somebody is refused."""

        def refused(req: Request, resp: Response, error: Refused, params: dict[str, Any]) -> None:
            self.refuse(req, resp, error)

        def cross_site(req: Request, resp: Response, error: CrossSite, params: dict[str, Any]) -> None:
            self.refuse(req, resp, Refused("This form came from another site", str(error)))

        app.add_error_handler(Refused, refused)
        app.add_error_handler(CrossSite, cross_site)

    def admit(self, req: Request, scope: Scope) -> ApiKey:
        """The key of whoever is signed in and may do this.

        Who is not signed in is led to where one can: raises HTTPSeeOther, for a form NotSignedIn. Raises
        Refused for a key without the scope.
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

    def form(self, req: Request) -> dict[str, str]:
        """The fields of a form, without the white space around them. Raises CrossSite and HTTPError."""
        require_same_origin(req)
        body = self._bodies.read(req)
        try:
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
            )
        except ValueError as error:
            raise HTTPBadRequest(description="The form cannot be read.") from error
        return {name: text.strip() for name, text in pairs}

    def answer(self, req: Request, resp: Response, name: str, status: int = 200, **values: object) -> None:
        """Answer with a page that nobody keeps: it may hold what only this key may see."""
        self._layout.answer(req, resp, name, **values)
        resp.status = status
        resp.set_header("Cache-Control", "no-store")

    def refuse(self, req: Request, resp: Response, refusal: Refused) -> None:
        """Answer with the page that says why."""
        self.answer(req, resp, "staff/refused.html", 403, refusal=refusal)
