"""Copy all rooms to another storage, and check that they arrived."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.checksum import Checksum
from rentomatic.use_cases.errors import RentomaticError
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository


class TargetNotEmpty(RentomaticError):
    """The target already contains rooms; nothing was changed."""


@dataclass(slots=True)
class CopyReport:
    """The result of a copy: what was read from the source, and what is in the target now."""

    counts: LoadCounts = field(default_factory=LoadCounts)
    source: Checksum = field(default_factory=Checksum)
    target: Checksum = field(default_factory=Checksum)

    @property
    def identical(self) -> bool:
        return self.source == self.target


def other_than(rooms: Iterable[Room], present: Iterable[Room]) -> Room | None:
    """Return the first of the present rooms whose code none of `rooms` has; None where there is no such room.

    Both come in the order of their codes. Not all of them need be read.
    """
    codes = (room.code for room in rooms)
    code = next(codes, None)
    for room in present:
        while code is not None and code < room.code:
            code = next(codes, None)
        if code != room.code:
            return room
    return None


def copy_rooms(
    rooms: Iterable[Room],
    target: RoomRepository,
    *,
    replace: bool = False,
    exactly: bool = False,
    watched: Callable[[Iterator[Room]], Iterator[Room]] = iter,
) -> CopyReport:
    """Load all rooms in one transaction, then read the target back and compare.

    rooms: all rooms of a storage, each code once.
    replace: allow a target that has rooms. Rooms with the same code are overwritten; others stay, and then
        the two storages differ.
    exactly: also remove those others, in the same transaction.
    watched: wraps the rooms as they are copied, and again as they are read back, to show progress.

    Raises TargetNotEmpty and ConflictError.
    """
    if not replace and target.count(RoomQuery(), at_most=1):
        raise TargetNotEmpty("The target already has rooms: nothing was copied.")
    report = CopyReport()
    on_conflict = OnConflict.REPLACE if replace else OnConflict.FAIL  # FAIL on a room written in the meantime
    report.counts = target.load(watched(report.source.added(rooms)), on_conflict, exactly=exactly)
    with target.stream(RoomQuery()) as found:
        for room in watched(found):
            report.target.add(room)
    return report
