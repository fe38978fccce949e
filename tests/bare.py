"""Rooms that say little, for tests of large numbers: texts would cost most of the time."""

from collections.abc import Iterable, Iterator

from rentomatic.domain.room import Room


def bare(rooms: Iterable[Room]) -> Iterator[Room]:
    """Yield the rooms with nothing but their size, price and place."""
    for room in rooms:
        yield Room(
            code=room.code,
            size=room.size,
            price=room.price,
            latitude=room.latitude,
            longitude=room.longitude,
        )
