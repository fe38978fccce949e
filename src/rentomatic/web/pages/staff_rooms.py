"""The pages where staff add, edit and remove a room."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from falcon import Request, Response

from rentomatic.domain.addresses import Address
from rentomatic.domain.fields import FIELD, FIELDS, SEVERAL, TEXTS, Field
from rentomatic.domain.room import Room
from rentomatic.domain.several import Several
from rentomatic.domain.texts import Line, Lines
from rentomatic.requests.room import room_of_texts
from rentomatic.serializers import json
from rentomatic.use_cases.errors import (
    ConflictError,
    ParametersError,
    PreconditionFailed,
    Problem,
    ResourceError,
)
from rentomatic.use_cases.exchange import Expectation
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.show_room import show_room
from rentomatic.web.access.keys import Scope
from rentomatic.web.api.room import tags_of
from rentomatic.web.api.writes import Writes
from rentomatic.web.http.preconditions import strong_tag
from rentomatic.web.pages.desk import Desk, Form, NotSignedIn, typed
from rentomatic.web.pages.new_photos import LARGEST, MOST
from rentomatic.web.pages.photos import Photos, Preview
from rentomatic.web.pages.room_forms import NEW_PHOTOS, RoomForms
from rentomatic.web.pages.staff import see_other

LABELS = {str(field.name): field.label for field in FIELDS if field.name is not Field.CODE}
"""The fields of the form besides the code, with their labels."""

LINES = {str(field.name): field.kind.longest for field in FIELDS if isinstance(field.kind, Line)}
"""Fields for a text of one line, with their maximum length."""

SEVERAL_LINES = tuple(str(field.name) for field in FIELDS if isinstance(field.kind, Lines | Several))
"""Fields for a text of several lines, or for several texts, each on a line."""

Texts = Mapping[str, str]


class _RoomPages:
    """What the pages about a single room use."""

    def __init__(self, desk: Desk, repository: RoomRepository, writes: Writes, forms: RoomForms) -> None:
        self._desk = desk
        self._repository = repository
        self._writes = writes
        self._forms = forms
        self._labels = {**LABELS, Field.PRICE: desk.money.label}

    def _form(self, req: Request, code: str | None = None) -> Form:
        """Return the form as sent; the page of a temporary error offers to send it again."""
        sent = self._forms.read(req)
        given = req.context.typed = sent.fields
        problems = {NEW_PHOTOS: sent.refusal} if sent.refusal else {}
        return Form(_texts(given if code is None else {**given, "code": code}), problems, sent.status)

    def _show(self, req: Request, resp: Response, form: Form, status: int = 200, **state: object) -> None:
        """Respond with the form of a room.

        code: of the edited room, empty for a new one. notice: why nothing was saved.
        conflict: whether another user was faster; present: the current texts, None if there is no room.
        """
        given = {"code": "", "notice": "", "conflict": False, "present": None, **state}
        self._desk.answer(
            req,
            resp,
            "staff/room.html",
            status,
            view=form,
            fields=self._labels,
            lines=LINES,
            several=SEVERAL_LINES,
            new_photos=NEW_PHOTOS,
            obstacle=self._forms.obstacle,
            previews=_previews(form.values[Field.PHOTOS], self._desk.photos),
            most=MOST,
            largest=LARGEST,
            **given,
        )

    def _missing(self, req: Request, resp: Response, error: ResourceError) -> None:
        self._desk.answer(req, resp, "staff/missing.html", 404, code=error.code, detail=str(error))


class AddRoomPage(_RoomPages):
    """`/staff/add`: a new room.

    The form includes the code, `fresh`, that the room gets if none is typed, so that sending the form twice
    adds one room.
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
            room = _room(form, form.values["code"] or form.values["fresh"])
            self._add(req, room)
        except NotSignedIn as refusal:
            self._show(req, resp, form, 403, notice=str(refusal))
        except ParametersError as error:
            form.problems = _problems(error)
            self._show(req, resp, form, form.status)
        except ConflictError as error:
            form.values = _fresh({**form.values, "fresh": ""})
            form.problems = {"code": str(error)}
            self._show(req, resp, form, 409)
        else:
            see_other(resp, f"/room/{room.code}?done=added")

    def _add(self, req: Request, room: Room) -> None:
        """Add the room, unless an equal one exists already. Raises ConflictError."""
        try:
            self._writes.add(req, room)
        except ConflictError:
            if self._repository.get(room.code) != room:
                raise


class EditRoomPage(_RoomPages):
    """`/staff/rooms/{code}`: edits a room."""

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
            room = _room(form, code)
            self._writes.save(req, room, _unless_changed(form.values["version"], room))
        except NotSignedIn as refusal:
            self._show(req, resp, form, 403, code=code, notice=str(refusal))
        except ParametersError as error:
            form.problems = _problems(error)
            self._show(req, resp, form, form.status, code=code)
        except PreconditionFailed:
            self._show_conflict(req, resp, room)
        else:
            see_other(resp, f"/room/{room.code}?done=saved")

    def _show_conflict(self, req: Request, resp: Response, typed: Room) -> None:
        """Show what was typed beside the current room; saving that form overwrites the room."""
        there = self._repository.get(typed.code)
        present = texts_of(there) if there else None
        form = Form({**texts_of(typed), "version": present["version"] if present else ""})
        self._show(req, resp, form, 409, code=typed.code, conflict=True, present=present)


class RemoveRoomPage(_RoomPages):
    """`/staff/rooms/{code}/remove`: asks before removing a room, and removes it."""

    def on_get(self, req: Request, resp: Response, code: str) -> None:
        self._desk.admit(req, Scope.WRITE)
        self._ask(req, resp, code)

    on_head = on_get

    def on_post(self, req: Request, resp: Response, code: str) -> None:
        given = req.context.typed = self._desk.form(req)
        version = given.get("version", "")
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
    """Return the room as fields of the form. version: the tag that identifies its state."""
    texts = {name: _as_typed(name, getattr(room, name)) for name in ("code", *LABELS)}
    return {**texts, "version": strong_tag(json.encode(room))}


def _texts(given: Texts) -> dict[str, str]:
    """Return the fields as typed or pasted. Texts keep hidden characters that join letters."""
    fields = ("code", "fresh", "version", *LABELS)
    return {name: _put_right(name, given.get(name, "")) for name in fields}


def _put_right(name: str, text: str) -> str:
    match FIELD[Field(name)].kind if name in TEXTS else None:
        case Line() | Lines() as kind:
            return kind.tidied(text)
        case Address() as kind:
            return kind.tidied(typed(text))
        case Several() as kind:
            try:
                return kind.as_text(kind.of_text(text), "\n")
            except ValueError:  # as the room of these texts will tell
                return text.strip()
    return typed(text)


def _as_typed(name: str, value: Any) -> str:
    """Return the value of a field as its text in the form."""
    kind = FIELD[Field(name)].kind
    if isinstance(kind, Several) and value is not None:
        return kind.as_text(value, "\n")
    return "" if value is None else str(value)


def _fresh(texts: Texts) -> Texts:
    """Return the texts; a room without a code gets that of its form, or a new one."""
    return {**texts, "fresh": texts["fresh"] or str(uuid4())}


def _room(form: Form, code: str) -> Room:
    """Return the room of the fields; empty ones are unstated. Raises ParametersError.

    A form that already has problems is no room.
    """
    known = [Problem(name, problem) for name, problem in form.problems.items()]
    texts = {"code": code, **{name: form.values[name] for name in LABELS}}
    try:
        room = room_of_texts({name: text for name, text in texts.items() if text})
    except ParametersError as error:
        raise ParametersError([*known, *error.problems]) from error
    if known:
        raise ParametersError(known)
    return room


def _previews(text: str, photos: Photos) -> list[Preview]:
    kind = SEVERAL[Field.PHOTOS]
    try:
        return [photos.preview(photo) for photo in kind.of_text(text)[: kind.most]]
    except ValueError:
        return []


def _problems(error: ParametersError) -> dict[str, str]:
    return {problem.parameter: problem.message for problem in error.problems}


def _unless_changed(version: str, wanted: Room) -> Expectation:
    """Return the expectation that no other user was faster: the room is as the form was created.

    It also accepts the wanted room itself, because another user typed the same or the form was sent twice.
    """

    def expected(present: Room | None) -> bool:
        return present == wanted or (version in tags_of(present) if version else present is None)

    return expected
