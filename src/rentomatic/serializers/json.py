"""Rooms as JSON: an array of objects, keys in the order of `Room`'s fields."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from rentomatic.domain.fields import ALWAYS_WRITTEN, DISTANCE, MEMBERS, MEMBERS_IN_LISTS, Field
from rentomatic.domain.geography import Point
from rentomatic.domain.room import NOTHING_STATED, Room, always_written, rest_of, stated
from rentomatic.serializers.batches import batches

MEDIA_TYPE = "application/json"


class _Bare(msgspec.Struct):
    """A room without optional fields: much faster than a dict.

    distance: in metres, from the search's point.
    """

    code: str
    size: int | None
    price: int
    latitude: float
    longitude: float
    distance: float | msgspec.UnsetType = msgspec.UNSET


Document = _Bare | dict[str, Any]
"""A room in its encoded form."""

Members = tuple[str, ...]

_USUAL = (MEMBERS, MEMBERS_IN_LISTS)

_encode = msgspec.json.Encoder().encode


def encode(value: object) -> bytes:
    """Return the value in JSON."""
    return _encode(document(value) if isinstance(value, Room) else value)


def document(room: Room, near: Point | None = None, members: Members = MEMBERS) -> Document:
    """Return the encoded form of the room, with its distance if the search is near a point.

    members: those that it has, as far as the room states them, in the order of `MEMBERS`.
    """
    return documents((room,), near, members)[0]


def documents(rooms: Iterable[Room], near: Point | None, members: Members = MEMBERS) -> list[Document]:
    """Return the encoded forms of the rooms."""
    if members not in _USUAL:
        return [_chosen(room, near, members) for room in rooms]
    described = Field.DESCRIPTION in members
    if near is not None:
        return [_usual(room, near, described) for room in rooms]
    # Written out for speed.
    return [
        _Bare(*always_written(room)) if rest_of(room) == NOTHING_STATED else _usual(room, None, described)
        for room in rooms
    ]


def _usual(room: Room, near: Point | None, described: bool) -> Document:
    """Return all members of the room. described: with its description."""
    distance = msgspec.UNSET if near is None else metres(near, room)
    if rest_of(room) == NOTHING_STATED:
        bare = _Bare(*always_written(room))
        bare.distance = distance
        return bare
    whole = {**dict(zip(ALWAYS_WRITTEN, always_written(room), strict=True)), **stated(room)}
    if not described:
        whole.pop(Field.DESCRIPTION, None)
    return whole if near is None else {**whole, "distance": distance}


def _chosen(room: Room, near: Point | None, members: Members) -> dict[str, Any]:
    """Return the chosen members of the room, without those that it does not state."""
    said = {**dict(zip(ALWAYS_WRITTEN, always_written(room), strict=True)), **stated(room)}
    if near is not None:
        said[DISTANCE] = metres(near, room)
    return {name: said[name] for name in members if name in said}


def metres(near: Point, room: Room) -> float:
    """Return the distance of the room from the point, rounded to the centimetre."""
    return round(near.distance_to(room.latitude, room.longitude), 2)


def write(rooms: Iterable[Room], near: Point | None = None, members: Members = MEMBERS) -> Iterator[bytes]:
    """Yield the array in pieces; `near` adds a distance to each room. members: as for `document`."""
    return _joined(_encode(documents(batch, near, members)) for batch in batches(rooms))


def _joined(arrays: Iterable[bytes]) -> Iterator[bytes]:
    """Merge several arrays into one, in pieces."""
    opening = b"["
    for array in arrays:
        yield opening + array[1:-1]
        opening = b","
    yield b"]" if opening == b"," else b"[]"
