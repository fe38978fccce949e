"""Move all rooms into another storage, and prove that they arrived."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.errors import RentomaticError
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository

_DIGEST_BYTES = 16


class TargetNotEmpty(RentomaticError):
    """The storage that rooms are copied to holds some already; nothing was copied."""


@dataclass(slots=True)
class Checksum:
    """Tells whether two sets of rooms are the same, in whatever order they come.

    It is the sum, modulo 2**128, of the BLAKE2b digests (RFC 7693, 16 bytes, no key, read as a
    big-endian number) of every room's text, shown as 32 hexadecimal digits. The text of a room is its
    code, size, price, latitude and longitude with a tab between them, in ASCII: an unstated size is
    empty, degrees are the shortest decimal that gives the same double, as Python's `repr` writes it
    (`51.5`, `-0.12`, `1e-07`).

    It finds what went wrong by accident; it is no signature.
    """

    count: int = 0
    sum: int = 0

    def add(self, room: Room) -> None:
        size = "" if room.size is None else room.size
        text = f"{room.code}\t{size}\t{room.price}\t{room.latitude!r}\t{room.longitude!r}"
        digest = blake2b(text.encode("ascii"), digest_size=_DIGEST_BYTES).digest()
        self.sum = (self.sum + int.from_bytes(digest, "big")) % (1 << 8 * _DIGEST_BYTES)
        self.count += 1

    def added(self, rooms: Iterable[Room]) -> Iterator[Room]:
        """The rooms as they are, each one added as it passes."""
        for room in rooms:
            self.add(room)
            yield room

    def __str__(self) -> str:
        return f"{self.sum:0{2 * _DIGEST_BYTES}x}"


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
    watched: Callable[[Iterator[Room]], Iterator[Room]] = iter,
) -> CopyReport:
    """Load the rooms in one step, all or none, then read the target back and compare.

    rooms: all of a storage, each code once.
    replace: also where the target holds rooms. Those of the same code are overwritten; others stay,
    and the two are not identical then.
    watched: is handed the rooms as they are copied, then as they are read back, to show how it goes.

    Raises TargetNotEmpty and ConflictError.
    """
    if not replace and target.count(RoomQuery(), at_most=1):
        raise TargetNotEmpty("The target holds rooms already: nothing was copied.")
    report = CopyReport()
    on_conflict = OnConflict.REPLACE if replace else OnConflict.FAIL  # of a room written in the meantime
    report.counts = target.load(watched(report.source.added(rooms)), on_conflict)
    with target.stream(RoomQuery()) as found:
        for room in watched(found):
            report.target.add(room)
    return report
