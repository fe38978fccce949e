"""A single room over HTTP: read, added, replaced and removed."""

import re
from http import HTTPStatus

from falcon import HTTPBadRequest, Request, Response

from rentomatic.domain.room import Room, canonical_code
from rentomatic.requests.room import room_of_json
from rentomatic.requests.search import Format, parse_format
from rentomatic.serializers import geojson, json
from rentomatic.serializers.formats import WRITERS
from rentomatic.use_cases.errors import ParametersError, PreconditionFailed, Problem
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.show_room import show_room
from rentomatic.web.access.keys import Keys, Scope
from rentomatic.web.api.writes import Writes
from rentomatic.web.http.bodies import Accepted, SmallBodies
from rentomatic.web.http.negotiation import REVALIDATE, by_media_type, choose
from rentomatic.web.http.parameters import parameters
from rentomatic.web.http.preconditions import answer_unless_known, preconditions, strong_tag

MAX_ROOM_BODY = 1 << 18
"""The most bytes of the body of a single room: one with the longest texts, escaped, has 200,000."""

_CHARSETS = re.compile("utf-8|us-ascii")

ROOM_WRITERS = {Format.JSON: json.encode, Format.GEOJSON: geojson.encode_room}
"""The formats of a single room."""

_FORMATS = by_media_type(ROOM_WRITERS)


def room_body(patience: float) -> Accepted:
    """Return what a room in a request body may be. patience: seconds that it may take to arrive."""
    return Accepted((json.MEDIA_TYPE,), _CHARSETS, MAX_ROOM_BODY, patience)


class RoomResource:
    """`/rooms/{code}`: one room."""

    def __init__(self, repository: RoomRepository, keys: Keys, bodies: SmallBodies, writes: Writes) -> None:
        self._repository = repository
        self._keys = keys
        self._bodies = bodies
        self._writes = writes

    def on_get(self, req: Request, resp: Response, code: str) -> None:
        format_ = choose(req, resp, parse_format(parameters(req), ROOM_WRITERS), _FORMATS)
        expected = preconditions(req)
        room = show_room(self._repository, code)
        if expected.match is not None and not expected.matched_by(tags_of(room)):
            raise PreconditionFailed(room.code)
        resp.content_type = WRITERS[format_].media_type
        resp.set_header("Cache-Control", REVALIDATE)
        body = ROOM_WRITERS[format_](room)
        answer_unless_known(expected, resp, body, strong_tag(body))

    on_head = on_get

    def on_put(self, req: Request, resp: Response, code: str) -> None:
        self._keys.authorize(req, Scope.WRITE)
        parse_format(parameters(req), ())
        if req.get_header("Content-Range") is not None:  # RFC 9110, 14.5: a part is not the whole
            raise HTTPBadRequest(description="A PUT needs the whole room; Content-Range is not supported.")
        expected, code = preconditions(req), _code_in_url(code)
        room = room_of_json(self._bodies.read(req), code)
        old = self._writes.save(req, room, lambda present: expected.allow(tags_of(present)))
        answer_with(resp, room, HTTPStatus.OK if old else HTTPStatus.CREATED)

    def on_delete(self, req: Request, resp: Response, code: str) -> None:
        self._keys.authorize(req, Scope.WRITE)
        parse_format(parameters(req), ())
        expected = preconditions(req)
        self._writes.remove(req, code, lambda present: expected.allow(tags_of(present)))
        resp.status = HTTPStatus.NO_CONTENT


def tags_of(room: Room | None) -> frozenset[str]:
    """Return the tags of a room, one for each format."""
    return frozenset(strong_tag(write(room)) for write in ROOM_WRITERS.values()) if room else frozenset()


def answer_with(resp: Response, room: Room, status: HTTPStatus) -> None:
    """Respond with a room that was just written."""
    resp.status = status
    resp.content_type = json.MEDIA_TYPE
    resp.data = json.encode(room)
    # RFC 9110, 9.3.4 allows a tag in the response to a PUT only if the body was stored unchanged; here a
    # UUID, the order of members or a missing size may differ. The response has what was stored, under the
    # Content-Location to which the tag belongs: without it every edit would need another GET.
    resp.set_header("ETag", strong_tag(resp.data))
    resp.set_header("Content-Location", f"/rooms/{room.code}")


def _code_in_url(code: str) -> str:
    try:
        return canonical_code(code)
    except ValueError as error:
        raise ParametersError([Problem("code", str(error))]) from None
