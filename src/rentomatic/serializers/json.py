"""Rooms as JSON: an array of objects, keys in the order of `Room`'s fields."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from rentomatic.domain.fields import ALWAYS_WRITTEN
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

_encode = msgspec.json.Encoder().encode


def encode(value: object) -> bytes:
    """Return the value in JSON."""
    return _encode(document(value) if isinstance(value, Room) else value)


def document(room: Room, near: Point | None = None) -> Document:
    """Return the encoded form of the room, with its distance if the search is near a point."""
    distance = msgspec.UNSET if near is None else metres(near, room)
    if rest_of(room) == NOTHING_STATED:
        bare = _Bare(*always_written(room))
        bare.distance = distance
        return bare
    whole = {**dict(zip(ALWAYS_WRITTEN, always_written(room), strict=True)), **stated(room)}
    return whole if near is None else {**whole, "distance": distance}


def documents(rooms: Iterable[Room], near: Point | None) -> list[Document]:
    """Return the encoded forms of the rooms."""
    if near is not None:
        return [document(room, near) for room in rooms]
    # Written out for speed.
    return [
        _Bare(*always_written(room)) if rest_of(room) == NOTHING_STATED else document(room) for room in rooms
    ]


def metres(near: Point, room: Room) -> float:
    """Return the distance of the room from the point, rounded to the centimetre."""
    return round(near.distance_to(room.latitude, room.longitude), 2)


def write(rooms: Iterable[Room], near: Point | None = None) -> Iterator[bytes]:
    """Yield the array in pieces; `near` adds a distance to each room."""
    return _joined(_encode(documents(batch, near)) for batch in batches(rooms))


def _joined(arrays: Iterable[bytes]) -> Iterator[bytes]:
    """Merge several arrays into one, in pieces."""
    opening = b"["
    for array in arrays:
        yield opening + array[1:-1]
        opening = b","
    yield b"]" if opening == b"," else b"[]"
