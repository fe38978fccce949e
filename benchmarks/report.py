"""Results as tables for people and as JSON for comparisons."""

import json
import os
import platform
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.http_load import CLIENTS, PATH, LoadResult
from benchmarks.load.figures import Figure
from benchmarks.pan import PanResult
from benchmarks.search import SearchResult
from benchmarks.timing import Timing
from benchmarks.transfer import TransferResult
from benchmarks.workers import CONNECTIONS, WAYS, WORKERS, WorkersResult

RESULTS = Path(__file__).with_name("results")

_MEGABYTE = 1_000_000


def print_search(console: Console, results: Iterable[SearchResult]) -> None:
    """One row for each search: milliseconds of each implementation, and ours relative to the others.

    The last column is the storage's share of our time, if it reports one.
    """
    table = _table("Searches", "search", "ours ms", "best", "peer ms", "best", "limit ms", "best")
    table.add_column("peer / ours", justify="right", style="bold")
    table.add_column("ours / limit", justify="right", style="bold")
    table.add_column("storage ms", justify="right")
    for result in results:
        ours, peer, limit = (result.timings.get(name) for name in ("ours", "peer", "limit"))
        cells = [cell for timing in (ours, peer, limit) for cell in _milliseconds(timing)]
        storage = "" if result.storage_seconds is None else f"{result.storage_seconds * 1000:,.3f}"
        table.add_row(result.name, *cells, _ratio(peer, ours), _ratio(ours, limit), storage)
    console.print(table)


def print_plans(console: Console, results: Iterable[SearchResult]) -> None:
    """The steps of the storage's plan for each search, and their number if more than one."""
    table = _table("Plans of ours", "search", "steps")
    table.columns[1].justify = "left"
    for result in results:
        steps = (f"{step} × {times}" if times > 1 else step for step, times in result.plan.items())
        table.add_row(result.name, "\n".join(steps))
    console.print(table)


def print_pan(console: Console, results: list[PanResult]) -> None:
    """One row for each view: milliseconds by implementation, ~ for estimates; then the slowest."""
    ways = list(results[0].timings)
    table = _table("Views of a map, ms", "zoom", "place", "rooms", "clusters", *ways, "clusters / limit")
    for result in results:
        estimated = {name: "" if exact else "~ " for name, exact in zip(ways, result.exact, strict=False)}
        times = (f"{estimated.get(way, '')}{result.timings[way].median * 1000:,.0f}" for way in ways)
        ratio = _ratio(result.timings["clusters"], result.timings["limit"])
        table.add_row(
            str(result.zoom), result.place, f"{result.rooms:,}", str(result.clusters), *times, ratio
        )
    console.print(table)
    for way in ways:
        worst = max(results, key=lambda result: result.timings[way].median)
        slowest = worst.timings[way].median * 1000
        console.print(f"Slowest, {way}: zoom {worst.zoom}, {worst.place}, {slowest:,.0f} ms")


def print_transfer(console: Console, title: str, results: list[TransferResult]) -> None:
    """One row for each way to move rooms; the first is ours, and the others are compared with it."""
    table = _table(title, "way", "rooms", "seconds", "processor s", "rooms / s", "peak MB", "ours / it")
    for result in results:
        same = result.rooms == results[0].rooms and result is not results[0]
        table.add_row(
            result.name,
            f"{result.rooms:,}",
            f"{result.seconds:.2f}",
            f"{result.processor_seconds:.2f}",
            f"{result.rooms / result.seconds:,.0f}",
            f"{result.peak_bytes / _MEGABYTE:.0f}",
            f"{results[0].times(result):.2f}" if same else "",
        )
    console.print(table)


def print_http(console: Console, results: list[LoadResult]) -> None:
    """The median of the rounds."""
    title = f"GET {PATH} by {CLIENTS} clients"
    table = _table(title, "", "requests / s", "median ms", "99th ms", "processor ms / request", "peak MB")
    table.add_row(
        "median of rounds",
        f"{median(result.requests_per_second for result in results):,.0f}",
        f"{median(result.median_ms for result in results):.2f}",
        f"{median(result.slowest_in_hundred_ms for result in results):.2f}",
        f"{median(result.processor_ms_per_request for result in results):.3f}",
        f"{max(result.peak_bytes for result in results) / _MEGABYTE:.0f}",
    )
    console.print(table)


def print_load(console: Console, figures: Sequence[Figure]) -> None:
    """One row for each figure, in a table for each scenario: result and target."""
    for scenario in dict.fromkeys(figure.scenario for figure in figures):
        table = _table(scenario, "", "found", "", "to reach", "")
        for figure in figures:
            if figure.scenario == scenario:
                verdict = {True: "reached", False: "missed", None: ""}[figure.reached]
                table.add_row(figure.what, f"{figure.found:,.4g}", figure.unit, figure.to_reach, verdict)
        console.print(table)


def print_workers(console: Console, results: list[WorkersResult]) -> None:
    """One row for each way to share: how often it was even, and medians of the rounds."""
    title = f"GET {PATH} on {CONNECTIONS} kept connections, {WORKERS} workers"
    columns = ("35 to 65 % each", "shares", "requests / s", "processor ms / request", "connections ended")
    table = _table(title, "way", *columns)
    for way, what in WAYS.items():
        rounds = [result for result in results if result.way == way]
        shares = [round(100 * result.share) for result in rounds]
        table.add_row(
            f"{way}: {what}",
            f"{sum(share <= 65 for share in shares)} of {len(shares)}",
            f"{min(shares)} to {max(shares)} %",
            f"{median(result.requests_per_second for result in rounds):,.0f}",
            f"{median(result.processor_ms_per_request for result in rounds):.3f}",
            f"{median(result.ended for result in rounds):.0f}",
        )
    console.print(table)


def save(rooms: int, rounds: int, postgres: str | None, results: dict[str, list[object]]) -> Path:
    """Write every figure to a file named after the date and time, and return its path.

    postgres: the version of the server, if there was one.
    """
    now = datetime.now(UTC)
    document = {
        "date": now.isoformat(timespec="seconds"),
        "rooms": rooms,
        "rounds": rounds,
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "postgres": postgres,
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "results": results,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y-%m-%dT%H%M%SZ}.json"
    path.write_text(json.dumps(document, indent=1, default=asdict) + "\n", encoding="utf-8")
    return path


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _milliseconds(timing: Timing | None) -> tuple[str, str]:
    return (f"{timing.median * 1000:,.3f}", f"{timing.best * 1000:,.3f}") if timing else ("", "")


def _ratio(one: Timing | None, other: Timing | None) -> str:
    return f"{one.times(other):,.2f}" if one and other else ""
