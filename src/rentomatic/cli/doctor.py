"""The command that looks for what is wrong: doctor."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rentomatic.bootstrap import open_existing, revision
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.options import repository
from rentomatic.domain.search import RoomQuery
from rentomatic.settings import DEFAULTS, Settings, SqliteDatabase, read_settings
from rentomatic.use_cases.errors import RentomaticError


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: whether it is as it should be, and the facts."""

    good: bool
    facts: str


@click.command
def doctor() -> int:
    """Check the machine, the configuration and the storage; exit code 1 if something is wrong.

    \b
    Example:
      rentomatic doctor
    """
    findings = _findings()
    table = Table("check", "", "found", box=box.SIMPLE_HEAD)
    for name, finding in findings.items():
        table.add_row(name, "[green]good[/]" if finding.good else "[red]wrong[/]", escape(finding.facts))
    Console(highlight=False).print(table)
    return DONE if all(finding.good for finding in findings.values()) else FAILED


def _findings() -> dict[str, Finding]:
    findings = {"Python": _python()}
    try:
        settings = read_settings(os.environ)
    except RentomaticError as error:  # without settings nothing more can be looked at
        return {**findings, "variables": Finding(False, str(error))}
    findings["variables"] = _variables()
    checks: dict[str, Callable[[], Finding]] = {"storage": lambda: _storage(settings)}
    match settings.database:
        case SqliteDatabase(path):
            checks = {"SQLite": _sqlite, **checks, "disk": lambda: _disk(path)}
    for name, check in checks.items():
        try:
            findings[name] = check()
        except RentomaticError as error:
            findings[name] = Finding(False, str(error))
    return findings


def _python() -> Finding:
    return Finding(sys.version_info >= (3, 11), f"{sys.version.split()[0]}, 3.11 or newer is needed")


def _variables() -> Finding:
    known = {name + suffix for name in DEFAULTS for suffix in ("", "_FILE")}
    unknown = sorted(n for n in os.environ if n.startswith("RENTOMATIC_") and n not in known)
    return Finding(not unknown, f"unknown: {', '.join(unknown)}" if unknown else "all are understood")


def _sqlite() -> Finding:
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    connection.close()
    good = sqlite3.sqlite_version_info >= (3, 37) and "ENABLE_RTREE" in options
    return Finding(good, f"{sqlite3.sqlite_version}, 3.37 or newer with R*Tree is needed")


def _storage(settings: Settings) -> Finding:
    with repository(settings, open_existing) as rooms:
        rooms.ping()
        count = rooms.count(RoomQuery())
    needed = revision(settings.database)
    schema = f", schema {needed}" if needed else ""
    return Finding(True, f"{settings.database.label}{schema}, {count:,} rooms")


def _disk(path: Path) -> Finding:
    folder = path.absolute().parent
    free = shutil.disk_usage(folder if folder.exists() else Path("/")).free
    return Finding(free > 1 << 30, f"{free / 1e9:,.1f} GB free, at least 1 GiB is wanted")
