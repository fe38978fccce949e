"""Measure imports and exports, each in its own process, beside baselines; see `bare` and `postgres_bare`.

The program also runs with a tenth of the rooms, to show its memory: it grows until the cache and the sorter
of SQLite are full, at two million rooms in an import, and no further.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from statistics import median

from benchmarks.processes import Cost, run
from benchmarks.workspace import Workspace

MOST_ROUNDS = 3
"""Fewer rounds, because each takes long and they differ little."""

Way = tuple[str, int, Callable[[], Cost]]
"""The name of an implementation, how many rooms it moves, and the function that does it."""


@dataclass(frozen=True, slots=True)
class TransferResult:
    """The cost of moving `rooms` rooms by one implementation, one entry for each round."""

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
        """Return how many times as long this one took as the other: the median over the rounds."""
        return median(one.seconds / two.seconds for one, two in zip(self.costs, other.costs, strict=True))


@dataclass(frozen=True, slots=True)
class Storage:
    """A kind of database, and the baselines that move rooms to and from it, by what they do.

    empty: creates a database with the schema and no rooms. loaded: creates one with that many rooms, once.
    exports: the first one writes the same as the program.
    """

    empty: Callable[[], str]
    loaded: Callable[[int], str]
    program: str
    imports: Mapping[str, str]
    exports: Mapping[str, str]

    def bare(self, way: str, *arguments: str) -> Cost:
        return run(["-m", self.program, way, *arguments])


def sqlite(place: Workspace) -> Storage:
    """SQLite files."""
    return Storage(
        lambda: url(place.empty_database()),
        lambda rooms: url(place.database(rooms)),
        "benchmarks.bare",
        {
            "bare executemany, indexes kept": "insert",
            "bare executemany, indexes made at the end": "rebuild",
        },
        {
            "bare select and csv.writer, by code": "select",
            "bare select and csv.writer, as stored": "unsorted",
        },
    )


def postgres(place: Workspace) -> Storage:
    """PostgreSQL; figures of a process include the server's time, but not its memory and processor."""
    return Storage(
        place.postgres.empty,
        place.postgres.loaded,
        "benchmarks.postgres_bare",
        {
            "bare COPY, indexes and constraints kept": "copy",
            "bare COPY, indexes made at the end": "rebuild",
            "bare COPY into a table without any": "heap",
        },
        {"bare COPY, by code": "select", "bare COPY, as stored": "unsorted"},
    )


def measure_import(place: Workspace, storage: Storage, rooms: int, rounds: int) -> list[TransferResult]:
    """Measure `rentomatic import` of a CSV file into a database without rooms."""

    def ours(number: int) -> Cost:
        listing = str(place.listing(number))
        return run(["-m", "rentomatic", "import", listing], DATABASE_URL=storage.empty())

    listing, tenth = str(place.listing(rooms)), rooms // 10
    place.listing(tenth)
    ways: list[Way] = [
        ("import", rooms, lambda: ours(rooms)),
        ("import, a tenth", tenth, lambda: ours(tenth)),
        *(
            (name, rooms, partial(_into_empty, storage, way, listing))
            for name, way in storage.imports.items()
        ),
        ("csv.reader alone", rooms, lambda: run(["-m", "benchmarks.bare", "csv", listing])),
    ]
    return _by_turns(place, ways, rounds)


def measure_export(place: Workspace, storage: Storage, rooms: int, rounds: int) -> list[TransferResult]:
    """Measure `rentomatic export` of all rooms to a CSV file."""
    target, expected = place.folder / "export.csv", place.folder / "expected.csv"
    command = ["-m", "rentomatic", "export", "--format", "csv", "--yes", "-o", str(target)]

    def ours(number: int) -> Cost:
        return run(command, DATABASE_URL=storage.loaded(number))

    def bare(way: str) -> Cost:
        return storage.bare(way, storage.loaded(rooms), str(expected))

    tenth = rooms // 10
    ours(tenth)
    ours(rooms)
    bare(next(iter(storage.exports.values())))
    if not _same_rooms(target, expected):
        raise AssertionError("the export and the bare one differ")
    ways: list[Way] = [
        ("export", rooms, lambda: ours(rooms)),
        ("export, a tenth", tenth, lambda: ours(tenth)),
        *((name, rooms, partial(bare, way)) for name, way in storage.exports.items()),
    ]
    return _by_turns(place, ways, rounds)


def url(database: Path) -> str:
    """Return the value of DATABASE_URL for the file."""
    return f"sqlite:///{database}"


def _into_empty(storage: Storage, way: str, listing: str) -> Cost:
    return storage.bare(way, listing, storage.empty())


def _same_rooms(one: Path, other: Path) -> bool:
    """Whether the listings have the same rooms, ignoring line endings and how round numbers are written."""
    return all(room == beside for room, beside in zip_longest(_rooms(one), _rooms(other)))


def _rooms(path: Path) -> Iterator[tuple[object, ...]]:
    with path.open(newline="") as file:
        rows = csv.reader(file)
        yield tuple(next(rows))
        yield from ((*row[:3], *map(float, row[3:])) for row in rows)


def _by_turns(place: Workspace, ways: list[Way], rounds: int) -> list[TransferResult]:
    results = [TransferResult(name, rooms, []) for name, rooms, _ in ways]
    for number in range(min(rounds, MOST_ROUNDS)):
        for result, (name, _, way) in zip(results, ways, strict=True):
            place.log(f"round {number + 1}: {name}")
            result.costs.append(way())
    return results
