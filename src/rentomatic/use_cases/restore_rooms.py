"""Make a storage hold the rooms of a backup, and prove that it does."""

from collections.abc import Callable, Iterable, Iterator

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.copy_rooms import CopyReport, TargetNotEmpty, copy_rooms
from rentomatic.use_cases.ports import RoomRepository


def restore_rooms(
    rooms: Iterable[Room],
    target: RoomRepository,
    *,
    force: bool = False,
    watched: Callable[[Iterator[Room]], Iterator[Room]] = iter,
) -> CopyReport:
    """Load the rooms in one step, all or none, then read the storage back and compare.

    force: also where the storage holds rooms, which then holds those of the backup and no other.
    watched: as of `copy_rooms`.

    Raises TargetNotEmpty.
    """
    present = target.count(RoomQuery())
    if present and not force:
        raise TargetNotEmpty(f"The storage holds {present:,} rooms: nothing was restored.")
    return copy_rooms(rooms, target, replace=force, exactly=force, watched=watched)
