"""What a load of rooms changes, decided in one place for every storage that compares row by row."""

from collections.abc import Iterable, Iterator, Mapping

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import ConflictError
from rentomatic.use_cases.ports import LoadCounts, OnConflict


def merge(
    rooms: Iterable[Room], present: Mapping[str, Room], on_conflict: OnConflict, counts: LoadCounts
) -> dict[str, Room]:
    """The rooms to write, by code, so that loading `rooms` in order over `present` is done.

    Adds to the counts. Raises ConflictError with OnConflict.FAIL where a code is taken.
    """
    changed: dict[str, Room] = {}
    for room in rooms:
        old = changed.get(room.code) or present.get(room.code)
        if old is None:
            counts.added += 1
            changed[room.code] = room
        elif old == room:
            counts.unchanged += 1
        elif on_conflict is OnConflict.REPLACE:
            counts.replaced += 1
            changed[room.code] = room
        elif on_conflict is OnConflict.SKIP:
            counts.skipped += 1
        else:
            raise ConflictError(room.code)
    return changed


def noting(rooms: Iterable[Room], codes: set[str]) -> Iterator[Room]:
    """The rooms as they are, their codes added as they pass."""
    for room in rooms:
        codes.add(room.code)
        yield room
