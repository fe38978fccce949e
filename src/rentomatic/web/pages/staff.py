"""The pages where staff sign in, see what they may do, and sign out."""

import re

from falcon import HTTPSeeOther, Request, Response

from rentomatic.domain.room import canonical_code
from rentomatic.use_cases.errors import ResourceError
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.show_room import show_room
from rentomatic.web.access.keys import Scope
from rentomatic.web.access.sessions import Sessions
from rentomatic.web.http.errors import AccessDenied
from rentomatic.web.pages.desk import Desk, Form, typed

_START = "/staff"

# A page for staff, and nothing that a browser could take for another host: no backslash, and no white space
# that it drops (https://url.spec.whatwg.org/#url-parsing).
_NEXT = re.compile(r"/staff[/?][!-\[\]-~]*")


class StartPage:
    """`/staff`: the form to sign in; for signed-in users, what they may do."""

    def __init__(self, desk: Desk, sessions: Sessions) -> None:
        self._desk = desk
        self._sessions = sessions

    def on_get(self, req: Request, resp: Response) -> None:
        given = {name: req.get_param(name, default="") for name in ("next", "code", "done")}
        self.show(req, resp, Form({**given, "code": ""}), removed=_code(given["code"], given["done"]))

    on_head = on_get

    def show(self, req: Request, resp: Response, form: Form, status: int = 200, removed: str = "") -> None:
        """Respond with the page. removed: the code of a room that was just removed."""
        self._desk.answer(
            req,
            resp,
            "staff/start.html",
            status,
            view=form,
            let_write=self._sessions.let_write,
            removed=removed,
        )


class SignIn:
    """`/staff/sign-in`: the key, which becomes the cookie."""

    def __init__(self, desk: Desk, sessions: Sessions, start: StartPage) -> None:
        self._desk = desk
        self._sessions = sessions
        self._start = start

    def on_get(self, req: Request, resp: Response) -> None:
        """Redirect: a GET here reloads the page that refused a key."""
        see_other(resp, _START)

    on_head = on_get

    def on_post(self, req: Request, resp: Response) -> None:
        form = self._desk.form(req)
        given, wanted = typed(form.get("key", "")), form.get("next", "")
        try:
            self._sessions.begin(req, resp, given)
        except AccessDenied as denied:
            problem = str(denied) if given else "Paste the key that you were given."
            self._start.show(req, resp, Form({"next": wanted, "code": ""}, {"key": problem}), 403)
        else:
            see_other(resp, wanted if _NEXT.fullmatch(wanted) else _START)


class SignOut:
    """`/staff/sign-out`: deletes the cookie."""

    def __init__(self, desk: Desk, sessions: Sessions) -> None:
        self._desk = desk
        self._sessions = sessions

    def on_post(self, req: Request, resp: Response) -> None:
        self._desk.form(req)
        self._sessions.end(req, resp)
        see_other(resp, _START)


class FindRoom:
    """`/staff/rooms?code=…`: redirects from a code to the page that edits the room."""

    def __init__(self, desk: Desk, repository: RoomRepository, start: StartPage) -> None:
        self._desk = desk
        self._repository = repository
        self._start = start

    def on_get(self, req: Request, resp: Response) -> None:
        self._desk.admit(req, Scope.WRITE)
        code = typed(req.get_param("code", default=""))
        try:
            room = show_room(self._repository, code)
        except ResourceError as error:
            problem = str(error) if code else "Type the code of a room."
            self._start.show(req, resp, Form({"next": "", "code": code}, {"code": problem}), 404)
        else:
            raise HTTPSeeOther(f"/staff/rooms/{room.code}")

    on_head = on_get


def see_other(resp: Response, location: str) -> None:
    """Redirect from an accepted form to a page that may be reloaded (RFC 9110, 15.4.4)."""
    resp.status = 303
    resp.location = location
    resp.set_header("Cache-Control", "no-store")


def _code(text: str, done: str) -> str:
    """Return the code of the removed room from the URL, if it is a valid code."""
    try:
        return canonical_code(text) if done == "removed" else ""
    except ValueError:
        return ""
