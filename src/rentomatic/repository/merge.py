"""What a load changes, decided in one place for every storage that compares row by row."""

from collections.abc import Iterable, Iterator, Mapping

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import ConflictError
from rentomatic.use_cases.ports import LoadCounts, OnConflict


def merge(
    rooms: Iterable[Room], present: Mapping[str, Room], on_conflict: OnConflict, counts: LoadCounts
) -> dict[str, Room]:
    """Return the rooms to write, by code, to load `rooms` in order over `present`; update the counts.

    Raises ConflictError if a code is taken and `on_conflict` is FAIL.
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


def noting_codes(rooms: Iterable[Room], codes: set[str]) -> Iterator[Room]:
    """Yield the rooms unchanged, adding each one's code to `codes`."""
    for room in rooms:
        codes.add(room.code)
        yield room
