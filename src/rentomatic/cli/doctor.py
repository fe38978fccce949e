"""The command that looks for what is wrong: doctor."""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rentomatic.bootstrap import connections, open_existing, revision
from rentomatic.cli.backup import DAMAGED, age_text, megabytes, rooms_in
from rentomatic.cli.certificate import belong_together, validity
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.options import naming, repository
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backups import newest_backup
from rentomatic.settings import (
    DEFAULTS,
    GOOD_LENGTH,
    Database,
    MemoryDatabase,
    MongoDatabase,
    PostgresDatabase,
    Settings,
    SqliteDatabase,
    has_short_password,
    has_weak_password,
    is_production,
    read_settings,
)
from rentomatic.use_cases.errors import RentomaticError

_OLDEST_BACKUP = timedelta(hours=26)
"""A backup every night may take two hours longer than the one before."""

_CERTIFICATE_LEFT = timedelta(days=14)
_FREE = 1 << 30
"""Bytes that are wanted on a disk."""


class State(StrEnum):
    """How it stands with a check. Only what is wrong fails the command."""

    GOOD = "good"
    WARNING = "warning"
    WRONG = "wrong"


_COLOURS = {State.GOOD: "green", State.WARNING: "yellow", State.WRONG: "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    state: State
    facts: str


def _required(good: bool, facts: str) -> Finding:
    return Finding(State.GOOD if good else State.WRONG, facts)


@click.command
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
)
def doctor(format_: str) -> int:
    """Check the machine, the configuration and the storage; exit code 1 if something is wrong.

    Of a server also: passwords that are weak, and connections that do not suffice for one more server
    while a new version rolls out. In production a backup must not be older than 26 hours. JSON is an
    array of objects with check, good, state (good, warning or wrong) and found.

    \b
    Examples:
      rentomatic doctor
      rentomatic doctor --format json
    """
    findings = _findings()
    if format_ == "json":
        click.echo(json.dumps([_as_json(name, finding) for name, finding in findings.items()], indent=1))
    else:
        _print_table(findings)
    return FAILED if any(finding.state is State.WRONG for finding in findings.values()) else DONE


def _as_json(name: str, finding: Finding) -> dict[str, object]:
    good = finding.state is not State.WRONG
    return {"check": name, "good": good, "state": str(finding.state), "found": finding.facts}


def _print_table(findings: dict[str, Finding]) -> None:
    table = Table("check", "", "found", box=box.SIMPLE_HEAD)
    for name, finding in findings.items():
        shown = f"[{_COLOURS[finding.state]}]{finding.state}[/]"
        table.add_row(name, shown, escape(finding.facts))
    Console(highlight=False).print(table)


def _findings() -> dict[str, Finding]:
    findings = {"Python": _python()}
    try:
        settings = read_settings(os.environ)
    except RentomaticError as error:  # without settings nothing more can be looked at
        return {**findings, "variables": Finding(State.WRONG, str(error))}
    findings |= {"variables": _variables(), "keys": _keys(settings)}
    for name, check in _checks(settings).items():
        try:
            findings[name] = check()
        except (RentomaticError, OSError) as error:
            findings[name] = Finding(State.WRONG, str(error))
    return findings


def _checks(settings: Settings) -> dict[str, Callable[[], Finding]]:
    """What there is to look at, which depends on the storage."""
    storage: dict[str, Callable[[], Finding]] = {"storage": lambda: _storage(settings)}
    backups: dict[str, Callable[[], Finding]] = {
        "backup": lambda: _backup(settings.backup_directory),
        "backup disk": lambda: _backup_disk(settings.backup_directory),
    }
    match settings.database:
        case MemoryDatabase():
            checks = storage
        case SqliteDatabase(path):
            disk = {"disk": lambda: _disk(path.absolute().parent, _FREE)}
            checks = {"SQLite": _sqlite, **storage, **disk, **backups}
        case PostgresDatabase() as server:
            many = {"connections": lambda: _connections(settings, server)}
            checks = {"password": lambda: _password(server), **storage, **many, **backups}
        case MongoDatabase() as cluster:
            checks = {"password": lambda: _password(cluster), **storage, **backups}
    if certificate := settings.certificate:
        checks["certificate"] = lambda: _certificate(certificate)
    return checks


def _python() -> Finding:
    return _required(sys.version_info >= (3, 11), f"{sys.version.split()[0]}, 3.11 or newer is needed")


def _variables() -> Finding:
    known = {name + suffix for name in DEFAULTS for suffix in ("", "_FILE")}
    unknown = sorted(n for n in os.environ if n.startswith("RENTOMATIC_") and n not in known)
    return _required(not unknown, f"unknown: {', '.join(unknown)}" if unknown else "all are understood")


def _keys(settings: Settings) -> Finding:
    if not settings.api_keys:
        return Finding(State.WARNING, "none, so writing over HTTP is off: see `rentomatic make-key`")
    listed = (f"{key.label} ({'+'.join(key.allowed)})" for key in settings.api_keys)
    return Finding(State.GOOD, f"{len(settings.api_keys)}: {', '.join(listed)}")


def _sqlite() -> Finding:
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    connection.close()
    good = sqlite3.sqlite_version_info >= (3, 37) and "ENABLE_RTREE" in options
    return _required(good, f"{sqlite3.sqlite_version}, 3.37 or newer with R*Tree is needed")


def _password(where: Database) -> Finding:
    if has_weak_password(where):  # which production does not even read
        return Finding(State.WARNING, "one that anyone would guess: production refuses it")
    if has_short_password(where):
        return Finding(State.WARNING, f"shorter than {GOOD_LENGTH} characters")
    return Finding(State.GOOD, f"none in the settings, or of {GOOD_LENGTH} characters or more")


def _storage(settings: Settings) -> Finding:
    with repository(settings, open_existing) as rooms:
        rooms.ping()
        count = rooms.count(RoomQuery())
    needed = revision(settings.database)
    schema = f", schema {needed}" if needed else ""
    return Finding(State.GOOD, f"{settings.database.label}{schema}, {count:,} rooms")


def _connections(settings: Settings, where: PostgresDatabase) -> Finding:
    """Whether there are enough for all servers, and one more while it takes the place of another."""
    with naming(where):
        available, machines = connections(where)
    servers = max(1, machines)
    each = settings.workers * settings.pool_size
    needed = (servers + 1) * each
    return _required(
        needed <= available,
        f"{servers} server{'s' if servers > 1 else ''} and one more of {settings.workers} workers × "
        f"{settings.pool_size} connections need {needed}, PostgreSQL has {available}",
    )


def _backup(directory: Path) -> Finding:
    newest = newest_backup(directory)
    late = State.WRONG if is_production(os.environ) else State.GOOD
    if newest is None:
        return Finding(late, f"none in {directory}: run `rentomatic backup`")
    age, rooms = newest.age(datetime.now(UTC)), rooms_in(newest)
    facts = f"{newest.path}, age: {age_text(age)}, {megabytes(newest.size)}, rooms: {rooms}"
    if rooms == DAMAGED:
        return Finding(State.WRONG, facts)
    return Finding(late if age > _OLDEST_BACKUP else State.GOOD, facts)


def _backup_disk(directory: Path) -> Finding:
    newest = newest_backup(directory)
    return _disk(directory.absolute(), max(_FREE, 2 * newest.size if newest else 0))


def _disk(folder: Path, wanted: int) -> Finding:
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    return _required(free > wanted, f"{free / 1e9:,.1f} GB free, at least {wanted / 1e9:,.1f} GB are wanted")


def _certificate(path: Path) -> Finding:
    try:
        valid = validity(path.read_text(encoding="ascii", errors="replace"))
    except ValueError as error:
        return Finding(State.WRONG, f"{path} {error}")
    key = path.with_suffix(".key")
    if key.exists() and not belong_together(path, key):
        return Finding(State.WRONG, f"{key} is not the key of {path}, which is not in use then")
    now = datetime.now(UTC)
    if valid.start > now:
        return Finding(State.WRONG, f"{path} is valid only from {valid.start:%Y-%m-%d %H:%M} UTC on")
    verb = "is valid until" if valid.end > now else "expired on"
    return _required(
        valid.end - now >= _CERTIFICATE_LEFT,
        f"{path} {verb} {valid.end:%Y-%m-%d %H:%M} UTC, at least {_CERTIFICATE_LEFT.days} days are wanted",
    )
