"""Rooms as JSON: an array of objects, keys in the order of `Room`'s fields."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.serializers.batches import batches

MEDIA_TYPE = "application/json"


class LocatedRoom(msgspec.Struct):
    """A room and how far it is, in metres to the centimetre, from the point searched near."""

    code: str
    size: int | None
    price: int
    latitude: float
    longitude: float
    distance: float


encode = msgspec.json.Encoder().encode


def located(rooms: Iterable[Room], near: Point | None) -> Sequence[Room | LocatedRoom]:
    """The rooms as they are written: with their distance where the search is near a point."""
    if near is None:
        return list(rooms)
    return [
        LocatedRoom(
            room.code, room.size, room.price, room.latitude, room.longitude, distance=metres(near, room)
        )
        for room in rooms
    ]


def metres(near: Point, room: Room) -> float:
    """How far the room is from the point, rounded to the centimetre."""
    return round(near.distance_to(room.latitude, room.longitude), 2)


def write(rooms: Iterable[Room], near: Point | None = None) -> Iterator[bytes]:
    """The array in pieces; `near` adds a distance to each room."""
    return _joined(encode(located(batch, near)) for batch in batches(rooms))


def _joined(arrays: Iterable[bytes]) -> Iterator[bytes]:
    """One array of the members of many."""
    opening = b"["
    for array in arrays:
        yield opening + array[1:-1]
        opening = b","
    yield b"]" if opening == b"," else b"[]"
