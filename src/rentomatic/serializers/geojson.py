"""Rooms as a GeoJSON FeatureCollection of points (RFC 7946: longitude before latitude)."""

from collections.abc import Iterable, Iterator

import msgspec

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.serializers.batches import batches
from rentomatic.serializers.json import encode, metres

MEDIA_TYPE = "application/geo+json"


class Geometry(msgspec.Struct, tag="Point"):
    """Where the room is: (longitude, latitude)."""

    coordinates: tuple[float, float]


class Feature(msgspec.Struct, tag="Feature"):
    """A room on the map."""

    id: str
    geometry: Geometry
    properties: dict[str, str | int | float | None]


def feature(room: Room, near: Point | None = None) -> Feature:
    """The room as a feature; `near` adds its distance to the properties."""
    properties: dict[str, str | int | float | None] = {
        "code": room.code,
        "size": room.size,
        "price": room.price,
    }
    if near is not None:
        properties["distance"] = metres(near, room)
    return Feature(room.code, Geometry((room.longitude, room.latitude)), properties)


def encode_room(room: Room) -> bytes:
    """One room as a feature by itself."""
    return encode(feature(room))


def write(rooms: Iterable[Room], near: Point | None = None) -> Iterator[bytes]:
    """The collection in pieces; `near` adds a distance to each room."""
    separator = b'{"type":"FeatureCollection","features":['
    for batch in batches(rooms):
        yield separator + encode([feature(room, near) for room in batch])[1:-1]
        separator = b","
    yield b"]}" if separator == b"," else separator + b"]}"
