"""The operations that need a key."""

from collections.abc import Iterable
from typing import Any

from rentomatic.domain.room import Room
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.serializers import csv, json, ndjson
from rentomatic.web.access.keys import Scope
from rentomatic.web.api.openapi import parameters as given
from rentomatic.web.api.openapi.answers import answer, media_type
from rentomatic.web.api.openapi.operation import IF_MATCH, IF_NONE_MATCH, OF_THE_STORAGE, operation
from rentomatic.web.api.openapi.schemas import Schema, plain, ref
from rentomatic.web.api.room import MAX_ROOM_BODY
from rentomatic.web.http import problems
from rentomatic.web.http.problems import ProblemType
from rentomatic.web.limits.tuning import USUAL

SECURITY_SCHEMES = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of this server, made by its operator with `rentomatic make-key`: "
        "`Authorization: Bearer <key>`. Its scopes define what it allows.",
    }
}

_OF_KEYS = (problems.UNAUTHORIZED, problems.INSUFFICIENT_SCOPE, problems.WRITES_OFF, problems.READ_ONLY)
_OF_A_BODY = (400, 408, 413, 415)
_EXAMPLE = {**plain(FIRST_ROOMS[0]), "price": 45}
_LISTED = Room(code="r1", size=20, price=60, latitude=51.5, longitude=-0.12)
_WRITTEN = {json.MEDIA_TYPE: media_type(ref("Room"))}


def _security(scope: Scope) -> dict[str, Any]:
    return {"security": [{"key": [str(scope)]}]}


def _room_in_body(schema: str) -> Schema:
    return {
        "required": True,
        "description": f"The room, in at most {MAX_ROOM_BODY // 1024} KiB.",
        "content": {json.MEDIA_TYPE: {"schema": ref(schema), "example": _EXAMPLE}},
    }


def _may_be(*own: ProblemType | int) -> Iterable[ProblemType | int]:
    return (problems.PARAMETERS, *own, *_OF_KEYS, *OF_THE_STORAGE)


def add() -> Schema:
    """`POST /rooms`."""
    added = answer("The room, as it was added.", _WRITTEN, ["ETag", "Location", "Content-Location"])
    same_room = {"code": "$response.body#/code"}
    added["links"] = {
        name: {"operationId": name, "parameters": same_room} for name in ("getRoom", "putRoom", "deleteRoom")
    }
    return operation(
        "addRoom",
        "Rooms",
        "Add a room",
        "Without a code it gets a UUID. For a code of your own, `PUT` with `If-None-Match: *` does the same, "
        "and may be sent again when an answer was lost.",
        [],
        {"201": added},
        _may_be(problems.DOCUMENT, *_OF_A_BODY, problems.CODE_TAKEN, 412),
        requestBody=_room_in_body("NewRoom"),
        **_security(Scope.WRITE),
    )


def put() -> Schema:
    """`PUT /rooms/{code}`."""
    headers = ["ETag", "Content-Location"]
    return operation(
        "putRoom",
        "Rooms",
        "Add or replace a room",
        "With `If-Match` and the ETag of the room as it was read, nothing is lost that somebody else changed "
        "meanwhile: that is a 412. With `If-None-Match: *` it is only added.",
        [IF_MATCH, IF_NONE_MATCH],
        {
            "200": answer("The room, as it is now.", _WRITTEN, headers),
            "201": answer("The room, as it was added.", _WRITTEN, headers),
        },
        _may_be(problems.DOCUMENT, *_OF_A_BODY, problems.PRECONDITION_FAILED),
        requestBody=_room_in_body("RoomToSave"),
        **_security(Scope.WRITE),
    )


def delete() -> Schema:
    """`DELETE /rooms/{code}`."""
    return operation(
        "deleteRoom",
        "Rooms",
        "Remove a room",
        "With `If-Match`, only if it is still what was read.",
        [IF_MATCH, IF_NONE_MATCH],
        {"204": answer("The room was removed.")},
        _may_be(400, problems.NO_SUCH_ROOM, problems.PRECONDITION_FAILED),
        **_security(Scope.WRITE),
    )


def import_() -> Schema:
    """`POST /rooms/import`."""
    return operation(
        "importRooms",
        "Import",
        "Load many rooms",
        "A listing as CSV, whose columns are found by their usual names, or as NDJSON, one object a line. "
        "All its rooms are loaded in one step, and nobody sees half of it.",
        given.imports(),
        {
            "200": answer(
                "The result for each kind of line.", {json.MEDIA_TYPE: media_type(ref("ImportReport"))}
            )
        },
        _may_be(
            *_OF_A_BODY,
            411,
            problems.CODE_TAKEN,
            problems.LISTING_TOO_LONG,
            problems.LISTING,
            problems.IMPORT_REFUSED,
        ),
        requestBody={
            "required": True,
            "description": f"The listing, of a stated length and of at most {USUAL.listing_bytes >> 30} GiB; "
            "gzip with `Content-Encoding: gzip`. `charset` in Content-Type says another encoding than UTF-8.",
            "content": {
                csv.MEDIA_TYPE: {
                    "schema": {"type": "string"},
                    "example": b"".join(csv.write([_LISTED])).decode().replace("\r\n", "\n"),
                },
                ndjson.MEDIA_TYPE: {
                    "schema": {"type": "string"},
                    "example": b"".join(ndjson.write([_LISTED])).decode(),
                },
            },
        },
        **_security(Scope.IMPORT),
    )
