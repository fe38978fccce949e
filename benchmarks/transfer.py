"""Measure imports and exports, each a process of its own, beside bare ones; see `bare`.

The program runs with a tenth of the rooms as well, to show what its memory does: it grows until the
cache and the sorter of SQLite are full, which takes two million rooms in an import, and no further.
"""

import filecmp
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.processes import Cost, run
from benchmarks.workspace import Workspace

MOST_ROUNDS = 3
"""These take long, and differ little from round to round."""


@dataclass(frozen=True, slots=True)
class TransferResult:
    """What it cost to move so many rooms in one way, one entry a round."""

    name: str
    rooms: int
    costs: list[Cost]

    @property
    def seconds(self) -> float:
        return median(cost.seconds for cost in self.costs)

    @property
    def processor_seconds(self) -> float:
        return median(cost.processor_seconds for cost in self.costs)

    @property
    def peak_bytes(self) -> int:
        return max(cost.peak_bytes for cost in self.costs)

    def times(self, other: "TransferResult") -> float:
        """How many times as long as the other way this one took: the median over the rounds."""
        return median(one.seconds / two.seconds for one, two in zip(self.costs, other.costs, strict=True))


def measure_import(place: Workspace, rooms: int, rounds: int) -> list[TransferResult]:
    """Measure `rentomatic import` of a CSV file into a file that has the schema and no room."""

    def ours(number: int) -> Callable[[], Cost]:
        listing = str(place.listing(number))
        return lambda: run(["-m", "rentomatic", "import", listing], DATABASE_URL=url(place.empty_database()))

    def bare(way: str) -> Callable[[], Cost]:
        return lambda: run(_bare(way, place.listing(rooms), place.empty_database()))

    ways = [
        ("import", rooms, ours(rooms)),
        ("import, a tenth", rooms // 10, ours(rooms // 10)),
        ("bare executemany, indexes kept", rooms, bare("insert")),
        ("bare executemany, indexes made at the end", rooms, bare("rebuild")),
        ("csv.reader alone", rooms, lambda: run(_bare("csv", place.listing(rooms)))),
    ]
    return _by_turns(place, ways, rounds)


def measure_export(place: Workspace, rooms: int, rounds: int) -> list[TransferResult]:
    """Measure `rentomatic export` of all rooms to a CSV file."""
    target, expected = place.folder / "export.csv", place.folder / "expected.csv"

    def ours(number: int) -> Callable[[], Cost]:
        database = place.database(number)
        command = ["-m", "rentomatic", "export", "--format", "csv", "-o", str(target)]
        return lambda: run(command, DATABASE_URL=url(database))

    def bare(way: str) -> Callable[[], Cost]:
        return lambda: run(_bare(way, place.database(rooms), expected))

    ours(rooms)()
    bare("select")()
    if not filecmp.cmp(target, expected, shallow=False):
        raise AssertionError("the export and the bare one differ")
    ways = [
        ("export", rooms, ours(rooms)),
        ("export, a tenth", rooms // 10, ours(rooms // 10)),
        ("bare select and csv.writer, by code", rooms, bare("select")),
        ("bare select and csv.writer, as stored", rooms, bare("unsorted")),
    ]
    return _by_turns(place, ways, rounds)


def url(database: Path) -> str:
    """The value of DATABASE_URL for the file."""
    return f"sqlite:///{database}"


def _bare(way: str, *paths: Path) -> list[str]:
    return ["-m", "benchmarks.bare", way, *map(str, paths)]


def _by_turns(
    place: Workspace, ways: list[tuple[str, int, Callable[[], Cost]]], rounds: int
) -> list[TransferResult]:
    results = [TransferResult(name, rooms, []) for name, rooms, _ in ways]
    for number in range(min(rounds, MOST_ROUNDS)):
        for result, (name, _, way) in zip(results, ways, strict=True):
            place.log(f"round {number + 1}: {name}")
            result.costs.append(way())
    return results
