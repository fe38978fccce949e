"""Measure the program: `python -m benchmarks`, or `./manage.py bench`. Needs Linux.

\b
search            `SqliteRepo` beside the SQLAlchemy ORM and the best bare statement
import            `rentomatic import` beside bare sqlite3 and csv
export            `rentomatic export` beside bare sqlite3 and csv
pan               clusters and list while a map is moved, beside a bare statement that counts by cell
http              the web server under load, with rooms in SQLite
workers           how two workers of the web server share that load
postgres-search   the same searches by `PostgresRepo`
postgres-pan      clusters and list on PostgreSQL
postgres-import   `rentomatic import` beside bare COPY
postgres-export   `rentomatic export` beside bare COPY

`bench load` measures the servers under the load of many people: see its own --help.
`bench worst` looks for the most expensive requests: see its own --help.

The rooms are in an SQLite file in a temporary folder, or on a PostgreSQL server: the benchmark's own, or the
one that POSTGRES_TEST_URL names. Caches are warm. The implementations alternate, and only the ratios of their
times count; absolute times depend on the machine. Results are printed and saved in benchmarks/results/.
"""

import signal
import sys
from contextlib import AbstractContextManager

import click
from rich.console import Console

from benchmarks import http_load, pan, report, search, transfer, workers
from benchmarks.load.command import load
from benchmarks.postgres_sides import postgres_sides
from benchmarks.search_cases import DEEP
from benchmarks.sides import LIMIT, Sides
from benchmarks.sqlite_sides import sqlite_sides
from benchmarks.workspace import Workspace, workspace
from benchmarks.worst.command import worst

FEWEST = LIMIT * (DEEP + 1)
"""The fewest rooms: the deep page must exist."""

PARTS = (
    "search",
    "pan",
    "import",
    "export",
    "http",
    "workers",
    "postgres-search",
    "postgres-pan",
    "postgres-import",
    "postgres-export",
)


@click.group(help=__doc__, invoke_without_command=True)
@click.option("--rooms", type=click.IntRange(FEWEST), default=1_000_000, show_default=True)
@click.option(
    "--rounds", type=click.IntRange(1), default=9, show_default=True, help="At most 3 of transfers."
)
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="This part; may be repeated.")
@click.pass_context
def main(context: click.Context, rooms: int, rounds: int, only: tuple[str, ...]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that contexts exit and clean up
    if context.invoked_subcommand is not None:
        return
    console, progress = Console(), Console(stderr=True)
    if not console.is_terminal:
        console.width = 160
    results: dict[str, list[object]] = {}
    with workspace(progress) as place:
        for part in PARTS:
            if part in only or not only:
                results[part] = _measure(part, place, rooms, rounds, console)
        path = report.save(rooms, rounds, place.postgres.version(), results)
    console.print(f"Kept in {path}")


def _measure(part: str, place: Workspace, rooms: int, rounds: int, console: Console) -> list[object]:
    """Measure a part, print the results and return them."""
    if part == "http":
        loads = http_load.measure(place, rooms, rounds)
        report.print_http(console, loads)
        return [*loads]
    if part == "workers":
        shares = workers.measure(place, rooms, rounds)
        report.print_workers(console, shares)
        return [*shares]
    if part in ("pan", "postgres-pan"):
        with _sides(part, place, rooms) as on:
            views = pan.measure(on, rounds, place.log)
        report.print_pan(console, views)
        return [*views]
    if part in ("search", "postgres-search"):
        with _sides(part, place, rooms) as on:
            searches = search.measure(on, rounds, place.log)
        report.print_search(console, searches)
        report.print_plans(console, searches)
        return [*searches]
    storage = transfer.postgres(place) if part.startswith("postgres") else transfer.sqlite(place)
    move = transfer.measure_import if part.endswith("import") else transfer.measure_export
    moves = move(place, storage, rooms, rounds)
    report.print_transfer(console, part.capitalize(), moves)
    return [*moves]


def _sides(part: str, place: Workspace, rooms: int) -> AbstractContextManager[Sides]:
    """Give the implementations of a search for the part's storage."""
    if part.startswith("postgres"):
        return postgres_sides(place.postgres.loaded(rooms))
    return sqlite_sides(place.database(rooms))


for command in (load, worst):
    main.add_command(command)

if __name__ == "__main__":
    main()
