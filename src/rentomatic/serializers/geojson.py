"""Rooms as a GeoJSON FeatureCollection of points (RFC 7946: longitude before latitude)."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from rentomatic.domain.fields import ALWAYS_WRITTEN, DISTANCE, MEMBERS, Field
from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room, stated
from rentomatic.serializers.batches import batches
from rentomatic.serializers.json import Members, encode, metres

MEDIA_TYPE = "application/geo+json"


PROPERTIES = tuple(name for name in ALWAYS_WRITTEN if name not in (Field.LATITUDE, Field.LONGITUDE))
"""The properties of every feature; the place is its geometry."""


class Geometry(msgspec.Struct, tag="Point"):
    """Where the room is: (longitude, latitude)."""

    coordinates: tuple[float, float]


class Feature(msgspec.Struct, tag="Feature"):
    """A room on the map."""

    id: str
    geometry: Geometry
    properties: dict[str, Any]


def feature(room: Room, near: Point | None = None, members: Members = MEMBERS) -> Feature:
    """Return the room as a feature; `near` adds its distance to the properties.

    members: the properties that it has; the code is always its id, and the place its geometry.
    """
    properties = {name: getattr(room, name) for name in PROPERTIES} | stated(room)
    if near is not None:
        properties[DISTANCE] = metres(near, room)
    if members is not MEMBERS:
        properties = {name: value for name, value in properties.items() if name in members}
    return Feature(room.code, Geometry((room.longitude, room.latitude)), properties)


def encode_room(room: Room) -> bytes:
    """Write a single room as a feature."""
    return encode(feature(room))


def write(rooms: Iterable[Room], near: Point | None = None, members: Members = MEMBERS) -> Iterator[bytes]:
    """Yield the collection in pieces; `near` adds a distance to each room. members: as for `feature`."""
    separator = b'{"type":"FeatureCollection","features":['
    for batch in batches(rooms):
        yield separator + encode([feature(room, near, members) for room in batch])[1:-1]
        separator = b","
    yield b"]}" if separator == b"," else separator + b"]}"
