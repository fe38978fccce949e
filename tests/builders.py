"""Rooms and queries for tests, from the contract."""

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

__all__ = [
    "AREAS",
    "CODES",
    "LATITUDES",
    "LONGITUDES",
    "POINTS",
    "PRICES",
    "RADII",
    "ROOMS",
    "boxes",
    "conditions",
    "make_room",
    "queries",
    "room_sets",
]
