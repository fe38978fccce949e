"""Where staff add a room, edit it and take it down."""

from collections.abc import Mapping
from uuid import uuid4

from falcon import Request, Response

from rentomatic.domain.fields import FIELDS, Field
from rentomatic.domain.kinds import Line, tidied
from rentomatic.domain.room import Room
from rentomatic.requests.room import room_of_texts
from rentomatic.serializers import json
from rentomatic.use_cases.errors import ConflictError, ParametersError, PreconditionFailed, ResourceError
from rentomatic.use_cases.exchange import Expectation
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.show_room import show_room
from rentomatic.web.access.keys import Scope
from rentomatic.web.api.room import tags_of
from rentomatic.web.api.writes import Writes
from rentomatic.web.http.preconditions import strong_tag
from rentomatic.web.pages.desk import Desk, Form, NotSignedIn, typed
from rentomatic.web.pages.staff import see_other

LABELS = {str(field.name): field.label for field in FIELDS if field.name is not Field.CODE}
"""The fields of the form beside the code, and what they are called."""

LINES = {str(field.name): field.kind.longest for field in FIELDS if isinstance(field.kind, Line)}
"""Those that take a text of one line, and how many characters of it."""

Texts = Mapping[str, str]


class _RoomPages:
    """What the pages about a single room are made with."""

    def __init__(self, desk: Desk, repository: RoomRepository, writes: Writes) -> None:
        self._desk = desk
        self._repository = repository
        self._writes = writes
        self._labels = {**LABELS, Field.PRICE: desk.money.label}

    def _form(self, req: Request, code: str | None = None) -> Form:
        """The form as it was sent; the page of an error that passes offers to send it again."""
        given = self._desk.form(req)
        req.context.typed = given
        return Form(_texts(given if code is None else {**given, "code": code}))

    def _show(self, req: Request, resp: Response, form: Form, status: int = 200, **state: object) -> None:
        """Answer with the form of a room.

        code: of the room that is edited, empty for a new one. notice: why nothing was saved.
        conflict: whether it was somebody else who was faster; present: the texts of what is there now,
        None where nothing is.
        """
        given = {"code": "", "notice": "", "conflict": False, "present": None, **state}
        self._desk.answer(
            req, resp, "staff/room.html", status, view=form, fields=self._labels, lines=LINES, **given
        )

    def _missing(self, req: Request, resp: Response, error: ResourceError) -> None:
        self._desk.answer(req, resp, "staff/missing.html", 404, code=error.code, detail=str(error))


class AddRoomPage(_RoomPages):
    """`/staff/add`: a room that is not there yet.

    The form brings the code along that the room gets where none is typed, `fresh`, so that a form that is
    sent twice adds one room.
    """

    def on_get(self, req: Request, resp: Response) -> None:
        self._desk.admit(req, Scope.WRITE)
        self._show(req, resp, Form(_fresh(_texts({"code": typed(req.get_param("code", default=""))}))))

    on_head = on_get

    def on_post(self, req: Request, resp: Response) -> None:
        form = self._form(req)
        form.values = _fresh(form.values)
        try:
            self._desk.admit(req, Scope.WRITE)
            room = _room({**form.values, "code": form.values["code"] or form.values["fresh"]})
            self._add(req, room)
        except NotSignedIn as refusal:
            self._show(req, resp, form, 403, notice=str(refusal))
        except ParametersError as error:
            form.problems = _problems(error)
            self._show(req, resp, form, 422)
        except ConflictError as error:
            form.values = _fresh({**form.values, "fresh": ""})
            form.problems = {"code": str(error)}
            self._show(req, resp, form, 409)
        else:
            see_other(resp, f"/room/{room.code}?done=added")

    def _add(self, req: Request, room: Room) -> None:
        """Add the room, unless it is there already with these very values. Raises ConflictError."""
        try:
            self._writes.add(req, room)
        except ConflictError:
            if self._repository.get(room.code) != room:
                raise


class EditRoomPage(_RoomPages):
    """`/staff/rooms/{code}`: a room as it is, to be changed."""

    def on_get(self, req: Request, resp: Response, code: str) -> None:
        self._desk.admit(req, Scope.WRITE)
        try:
            room = show_room(self._repository, code)
        except ResourceError as error:
            self._missing(req, resp, error)
        else:
            self._show(req, resp, Form(texts_of(room)), code=room.code)

    on_head = on_get

    def on_post(self, req: Request, resp: Response, code: str) -> None:
        form = self._form(req, code)
        try:
            self._desk.admit(req, Scope.WRITE)
            room = _room(form.values)
            self._writes.save(req, room, _unless_changed(form.values["version"], room))
        except NotSignedIn as refusal:
            self._show(req, resp, form, 403, code=code, notice=str(refusal))
        except ParametersError as error:
            form.problems = _problems(error)
            self._show(req, resp, form, 422, code=code)
        except PreconditionFailed:
            self._show_conflict(req, resp, room)
        else:
            see_other(resp, f"/room/{room.code}?done=saved")

    def _show_conflict(self, req: Request, resp: Response, typed: Room) -> None:
        """What was typed beside what is there now; saving that form again puts the one over the other."""
        there = self._repository.get(typed.code)
        present = texts_of(there) if there else None
        form = Form({**texts_of(typed), "version": present["version"] if present else ""})
        self._show(req, resp, form, 409, code=typed.code, conflict=True, present=present)


class RemoveRoomPage(_RoomPages):
    """`/staff/rooms/{code}/remove`: whether a room is really to be taken down, and that it is."""

    def on_get(self, req: Request, resp: Response, code: str) -> None:
        self._desk.admit(req, Scope.WRITE)
        self._ask(req, resp, code)

    on_head = on_get

    def on_post(self, req: Request, resp: Response, code: str) -> None:
        version = self._form(req).values["version"]
        self._desk.admit(req, Scope.WRITE)
        try:
            room = self._writes.remove(req, code, lambda present: version in tags_of(present))
        except PreconditionFailed:
            self._ask(req, resp, code, 409)
        except ResourceError as error:
            self._missing(req, resp, error)
        else:
            see_other(resp, f"/staff?done=removed&code={room.code}")

    def _ask(self, req: Request, resp: Response, code: str, status: int = 200) -> None:
        try:
            room = show_room(self._repository, code)
        except ResourceError as error:
            self._missing(req, resp, error)
        else:
            values = {"texts": texts_of(room), "fields": self._labels, "changed": status == 409}
            self._desk.answer(req, resp, "staff/remove.html", status, **values)


def texts_of(room: Room) -> dict[str, str]:
    """The room as the fields of the form hold it. version: the tag by which it is known again."""
    values = {name: getattr(room, name) for name in ("code", *LABELS)}
    texts = {name: "" if value is None else str(value) for name, value in values.items()}
    return {**texts, "version": strong_tag(json.encode(room))}


def _texts(given: Texts) -> dict[str, str]:
    """The fields as typed or pasted. What hides in a text of one line is part of it: it may join letters."""
    fields = ("code", "fresh", "version", *LABELS)
    return {name: (tidied if name in LINES else typed)(given.get(name, "")) for name in fields}


def _fresh(texts: Texts) -> Texts:
    """The texts with a code for a room that has none yet, the one of its form or a new one."""
    return {**texts, "fresh": texts["fresh"] or str(uuid4())}


def _room(texts: Texts) -> Room:
    """The room that the fields describe; those that are empty say nothing. Raises ParametersError."""
    return room_of_texts({name: texts[name] for name in ("code", *LABELS) if texts[name]})


def _problems(error: ParametersError) -> dict[str, str]:
    return {problem.parameter: problem.message for problem in error.problems}


def _unless_changed(version: str, wanted: Room) -> Expectation:
    """Nobody else was faster: what is there is what the form was made from.

    Or it is what is wanted already, since somebody typed the same or the form was sent twice.
    """

    def expected(present: Room | None) -> bool:
        return present == wanted or (version in tags_of(present) if version else present is None)

    return expected
