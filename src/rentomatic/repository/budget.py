"""How long a storage may take for an answer."""

import time
from collections.abc import Iterator

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import OutOfTime

_LEAST = 0.001
"""Seconds. Storages take 0 for no bound at all."""


def seconds_within(within: float | None, timeout: float) -> float:
    """The seconds that are given, None for as many as usual, and never more than usual."""
    return timeout if within is None else max(_LEAST, min(within, timeout))


def read_within(rooms: Iterator[Room], within: float | None) -> Iterator[Room]:
    """Yield the rooms for up to `within` seconds from now, None for no limit. Raises OutOfTime.

    The time that the caller spends on each room counts as well, since the storage is busy meanwhile.
    """
    return rooms if within is None else _read_until(rooms, time.monotonic() + within)


def _read_until(rooms: Iterator[Room], end: float) -> Iterator[Room]:
    for room in rooms:
        if time.monotonic() > end:
            raise OutOfTime
        yield room
