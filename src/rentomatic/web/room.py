"""One room over HTTP: to be read, added, replaced and taken down."""

from http import HTTPStatus

from falcon import Request, Response

from rentomatic.domain.room import Room, canonical_code
from rentomatic.requests.room import room_of_json
from rentomatic.requests.search import Format, parse_format
from rentomatic.serializers import geojson, json
from rentomatic.serializers.formats import WRITERS
from rentomatic.use_cases.errors import ParametersError, PreconditionFailed, Problem
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.remove_room import remove_room
from rentomatic.use_cases.save_room import save_room
from rentomatic.use_cases.show_room import show_room
from rentomatic.web.bodies import read_body
from rentomatic.web.keys import Keys, Scope
from rentomatic.web.negotiation import TO_BE_ASKED_FOR, choose
from rentomatic.web.parameters import parameters
from rentomatic.web.preconditions import answer_unless_known, preconditions, strong_tag

MAX_BODY = 1 << 16
"""Bytes of the body of a single room, many more than any needs."""

ROOM_WRITERS = {Format.JSON: json.encode, Format.GEOJSON: geojson.encode_room}
"""The notations of a single room."""


class RoomResource:
    """`/rooms/{code}`: one room."""

    def __init__(self, repository: RoomRepository, keys: Keys) -> None:
        self._repository = repository
        self._keys = keys

    def on_get(self, req: Request, resp: Response, code: str) -> None:
        format_ = choose(req, resp, parse_format(parameters(req), ROOM_WRITERS), ROOM_WRITERS)
        expected = preconditions(req)
        room = show_room(self._repository, code)
        if expected.match is not None and not expected.matched_by(tags_of(room)):
            raise PreconditionFailed(room.code)
        resp.content_type = WRITERS[format_].media_type
        resp.set_header("Cache-Control", TO_BE_ASKED_FOR)
        body = ROOM_WRITERS[format_](room)
        answer_unless_known(expected, resp, body, strong_tag(body))

    on_head = on_get

    def on_put(self, req: Request, resp: Response, code: str) -> None:
        self._keys.authorize(req, Scope.WRITE)
        parse_format(parameters(req), ())
        expected, code = preconditions(req), _code_in_url(code)
        room = room_of_json(read_body(req, json.MEDIA_TYPE, MAX_BODY), code)
        old = save_room(self._repository, room, lambda present: expected.allow(tags_of(present)))
        self._keys.audit(req, "replace" if old else "add", code=room.code, old=old, new=room)
        answer_with(resp, room, HTTPStatus.OK if old else HTTPStatus.CREATED)

    def on_delete(self, req: Request, resp: Response, code: str) -> None:
        self._keys.authorize(req, Scope.WRITE)
        parse_format(parameters(req), ())
        expected = preconditions(req)
        old = remove_room(self._repository, code, lambda present: expected.allow(tags_of(present)))
        self._keys.audit(req, "remove", code=canonical_code(code), old=old, new=None)
        resp.status = HTTPStatus.NO_CONTENT


def tags_of(room: Room | None) -> frozenset[str]:
    """The tag of each notation of a room: who read any of them knows what is there."""
    return frozenset(strong_tag(write(room)) for write in ROOM_WRITERS.values()) if room else frozenset()


def answer_with(resp: Response, room: Room, status: HTTPStatus) -> None:
    """Answer with a room as it was just written."""
    resp.status = status
    resp.content_type = json.MEDIA_TYPE
    resp.data = json.encode(room)
    resp.set_header("ETag", strong_tag(resp.data))
    # The body is the room as a GET of this path gives it, and the tag is that body's.
    resp.set_header("Content-Location", f"/rooms/{room.code}")


def _code_in_url(code: str) -> str:
    try:
        return canonical_code(code)
    except ValueError as error:
        raise ParametersError([Problem("code", str(error))]) from None
