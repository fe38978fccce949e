"""Restore the rooms of a backup, and check the result."""

from collections.abc import Callable, Iterable, Iterator

from rentomatic.domain.quoting import counted
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.copy_rooms import CopyReport, TargetNotEmpty, copy_rooms
from rentomatic.use_cases.ports import RoomRepository


def restore_rooms(
    rooms: Iterable[Room],
    target: RoomRepository,
    *,
    replace: bool = False,
    watched: Callable[[Iterator[Room]], Iterator[Room]] = iter,
) -> CopyReport:
    """Load all rooms in one transaction, then read the storage back and compare.

    replace: allow a target that has rooms; rooms that are not among `rooms` are removed.
    watched: as in `copy_rooms`.

    Raises TargetNotEmpty.
    """
    present = target.count(RoomQuery())
    if present and not replace:
        raise TargetNotEmpty(f"The storage already has {counted(present, 'room')}: nothing was restored.")
    return copy_rooms(rooms, target, replace=replace, exactly=replace, watched=watched)
