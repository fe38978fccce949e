"""Measure the program: `python -m benchmarks`, or `./manage.py bench`. Needs Linux.

search   `SqliteRepo` beside the SQLAlchemy ORM and beside the best bare statement
import   `rentomatic import` beside bare sqlite3 and csv
export   `rentomatic export` beside bare sqlite3 and csv
http     the web server under load

The rooms are in an SQLite file in a temporary folder, the system's cache being warm. Ways that are
held against each other run by turns, and their ratio counts; times alone depend on the machine.
The results are printed and kept in benchmarks/results/.
"""

import signal
import sys

import click
from rich.console import Console

from benchmarks import http_load, report, search, transfer
from benchmarks.search_cases import DEEP
from benchmarks.sides import LIMIT
from benchmarks.workspace import Workspace, workspace

FEWEST = LIMIT * (DEEP + 1)
"""Rooms: the deep page must exist."""

PARTS = ("search", "import", "export", "http")


@click.command(help=__doc__)
@click.option("--rooms", type=click.IntRange(FEWEST), default=1_000_000, show_default=True)
@click.option(
    "--rounds", type=click.IntRange(1), default=9, show_default=True, help="At most 3 of transfers."
)
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="This part; may be repeated.")
def main(rooms: int, rounds: int, only: tuple[str, ...]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that contexts are left and clean up
    console, progress = Console(), Console(stderr=True)
    if not console.is_terminal:
        console.width = 160
    results: dict[str, list[object]] = {}
    with workspace(progress) as place:
        for part in PARTS:
            if part in only or not only:
                results[part] = _measure(part, place, rooms, rounds, console)
    console.print(f"Kept in {report.save(rooms, rounds, results)}")


def _measure(part: str, place: Workspace, rooms: int, rounds: int, console: Console) -> list[object]:
    """Measure a part, print it and give its results."""
    if part == "search":
        searches = search.measure(place, rooms, rounds)
        report.print_search(console, searches)
        report.print_plans(console, searches)
        return [*searches]
    if part == "http":
        loads = http_load.measure(place, rooms, rounds)
        report.print_http(console, loads)
        return [*loads]
    move = transfer.measure_import if part == "import" else transfer.measure_export
    moves = move(place, rooms, rounds)
    report.print_transfer(console, part.capitalize(), moves)
    return [*moves]


if __name__ == "__main__":
    main()
