"""Move all rooms into another storage, and prove that they arrived."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.checksum import Checksum
from rentomatic.use_cases.errors import RentomaticError
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository


class TargetNotEmpty(RentomaticError):
    """The storage that rooms are brought to holds some already; nothing was changed."""


@dataclass(slots=True)
class CopyReport:
    """What became of a copy: what was read from the source, and what is in the target now."""

    counts: LoadCounts = field(default_factory=LoadCounts)
    source: Checksum = field(default_factory=Checksum)
    target: Checksum = field(default_factory=Checksum)

    @property
    def identical(self) -> bool:
        return self.source == self.target


def copy_rooms(
    rooms: Iterable[Room],
    target: RoomRepository,
    *,
    replace: bool = False,
    exactly: bool = False,
    watched: Callable[[Iterator[Room]], Iterator[Room]] = iter,
) -> CopyReport:
    """Load the rooms in one step, all or none, then read the target back and compare.

    rooms: all of a storage, each code once.
    replace: also where the target holds rooms. Those of the same code are overwritten; others stay,
    and the two are not identical then, unless `exactly`: that removes them in the same step.
    watched: is handed the rooms as they are copied, then as they are read back, to show how it goes.

    Raises TargetNotEmpty and ConflictError.
    """
    if not replace and target.count(RoomQuery(), at_most=1):
        raise TargetNotEmpty("The target holds rooms already: nothing was copied.")
    report = CopyReport()
    on_conflict = OnConflict.REPLACE if replace else OnConflict.FAIL  # of a room written in the meantime
    report.counts = target.load(watched(report.source.added(rooms)), on_conflict, exactly=exactly)
    with target.stream(RoomQuery()) as found:
        for room in watched(found):
            report.target.add(room)
    return report
