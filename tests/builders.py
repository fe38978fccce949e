"""Rooms and queries for tests, from the contract, and the CSV of rooms that state little."""

from rentomatic.domain.fields import FIELDS, NAMES, WRITTEN_IF_STATED
from rentomatic.domain.room import room_of_values
from rentomatic.repository.contract.builders import (
    AREAS,
    CODES,
    LATITUDES,
    LONGITUDES,
    POINTS,
    PRICES,
    RADII,
    ROOMS,
    boxes,
    conditions,
    make_room,
    queries,
    room_sets,
)

WHOLE = room_of_values([field.example for field in FIELDS])
"""A room that states everything."""

CSV_HEADER = ",".join(NAMES)

NOTHING_MORE = "," * len(WRITTEN_IF_STATED)
"""The cells behind the longitude, all of them empty."""

__all__ = [
    "AREAS",
    "CODES",
    "CSV_HEADER",
    "LATITUDES",
    "LONGITUDES",
    "NOTHING_MORE",
    "POINTS",
    "PRICES",
    "RADII",
    "ROOMS",
    "WHOLE",
    "boxes",
    "conditions",
    "make_room",
    "queries",
    "room_sets",
]
