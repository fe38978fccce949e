"""The command `doctor`."""

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rentomatic.bootstrap import problem_of_photos
from rentomatic.cli.backup_files import (
    DAMAGED,
    age_text,
    backups_of,
    largest_backup,
    loss_since,
    megabytes,
    name_of,
    rooms_in,
)
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.options import as_command, naming, repository
from rentomatic.domain.quoting import counted
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backend import Login, WithLogin
from rentomatic.repository.backups import newest_backup
from rentomatic.repository.findings import WANTED, Check, Finding, State, free_space, not_checked, required
from rentomatic.settings import DEFAULTS, GOOD_LENGTH, Settings, is_production, is_weak, read_settings
from rentomatic.use_cases.errors import RentomaticError

_OLDEST_BACKUP = timedelta(hours=26)
"""A nightly backup may take two hours longer than the one before."""

_LARGE = 1 << 30
"""Bytes from which the audit log should be rotated."""


_COLOURS = {State.GOOD: "green", State.NOT_CHECKED: "dim", State.WARNING: "yellow", State.WRONG: "red"}


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

    For a database server this includes weak passwords, and whether it has enough connections for one
    more server while a new version rolls out. At least half of the rooms of an earlier backup must be
    left. In production a backup must not be older than 26 hours. What cannot be checked from here is
    shown as "not checked". JSON is an array of objects with check, good, state (good, not checked,
    warning or wrong) and found.

    \b
    Examples:
      rentomatic doctor
      rentomatic doctor --format json
    """
    findings = {name: replace(found, facts=as_command(found.facts)) for name, found in _findings().items()}
    if format_ == "json":
        click.echo(json.dumps([_as_json(name, finding) for name, finding in findings.items()], indent=1))
    else:
        _print_table(findings)
    return FAILED if any(finding.state is State.WRONG for finding in findings.values()) else DONE


def _as_json(name: str, finding: Finding) -> dict[str, object]:
    good = finding.state is not State.WRONG
    return {"check": name, "good": good, "state": str(finding.state), "found": finding.facts}


def _print_table(findings: dict[str, Finding]) -> None:
    table = Table("check", "", box=box.SIMPLE_HEAD)
    table.add_column("found", overflow="fold")
    for name, finding in findings.items():
        shown = f"[{_COLOURS[finding.state]}]{finding.state}[/]"
        table.add_row(name, shown, escape(finding.facts))
    Console(highlight=False).print(table)


def _findings() -> dict[str, Finding]:
    findings = {"Python": _python()}
    try:
        settings = read_settings(os.environ)
    except RentomaticError as error:  # without settings nothing else can be checked
        return {**findings, "variables": Finding(State.WRONG, f"{error} Nothing else was checked.")}
    findings |= {"variables": _variables(), "keys": _keys(settings)}
    for name, check in _checks(settings).items():
        try:
            findings[name] = check()
        except (RentomaticError, OSError) as error:
            findings[name] = Finding(State.WRONG, str(error))
    return findings


def _checks(settings: Settings) -> dict[str, Check]:
    """Return the checks, which depend on the storage."""
    from rentomatic.cli.certificate import check_certificate  # TLS takes long to import

    storage = settings.database
    checks: dict[str, Check] = {}
    if isinstance(storage, WithLogin):
        checks["password"] = lambda: _password(storage.login())
    checks["storage"] = lambda: _storage(settings)
    checks |= {name: _of_storage(check, settings) for name, check in storage.checks(settings.limits).items()}
    if storage.lasts:
        checks["backup"] = lambda: _backup(settings)
        checks["rooms left"] = lambda: _rooms_left(settings)
        checks["backup disk"] = lambda: _backup_disk(settings.backup_directory)
    else:
        checks["backup"] = lambda: not_checked("a storage in memory is lost when the process ends")
    checks["certificate"] = lambda: check_certificate(settings)
    checks["audit log"] = lambda: _audit_log(settings.audit_log)
    if settings.photos is not None:
        checks["photos"] = partial(_photos, settings.photos)
    return checks


def _of_storage(check: Check, settings: Settings) -> Check:
    def named() -> Finding:
        with naming(settings.database):
            return check()

    return named


def _python() -> Finding:
    return required(sys.version_info >= (3, 11), f"{sys.version.split()[0]} (3.11 or newer is needed)")


def _variables() -> Finding:
    known = {name + suffix for name in DEFAULTS for suffix in ("", "_FILE")}
    unknown = sorted(n for n in os.environ if n.startswith("RENTOMATIC_") and n not in known)
    return required(not unknown, f"unknown: {', '.join(unknown)}" if unknown else "all known")


def _keys(settings: Settings) -> Finding:
    if not settings.api_keys:
        return Finding(State.WARNING, "none, so writing over HTTP is off: add one with `rentomatic make-key`")
    listed = (f"{key.label} ({'+'.join(key.allowed)})" for key in settings.api_keys)
    return Finding(State.GOOD, f"{len(settings.api_keys)}: {', '.join(listed)}")


def _password(login: Login) -> Finding:
    if is_weak(login):  # production refuses to read it
        return Finding(State.WARNING, "a password that anyone could guess: production refuses it")
    if not login.password:
        return not_checked("none in the settings")
    if len(login.password) < GOOD_LENGTH:
        return Finding(State.WARNING, f"shorter than {GOOD_LENGTH} characters")
    return Finding(State.GOOD, f"{GOOD_LENGTH} characters or more")


def _storage(settings: Settings) -> Finding:
    with repository(settings) as rooms:
        rooms.ping()
        count = rooms.count(RoomQuery())
    storage = settings.database
    schema = f", schema {storage.revision}" if storage.revision else ""
    return Finding(State.GOOD, f"{storage.label}{schema}, {counted(count, 'room')}")


def _backup(settings: Settings) -> Finding:
    """Check the backup that `restore latest` would take."""
    directory = settings.backup_directory
    own = backups_of(directory, name_of(settings.database))
    in_production = is_production(os.environ)
    if not own:
        facts = f"no backup of this storage in {directory}: run `rentomatic backup`"
        return Finding(State.WRONG if in_production else State.WARNING, facts)
    newest = own[0]
    age, rooms = newest.age(datetime.now(UTC)), rooms_in(newest)
    facts = f"{newest.path}, age: {age_text(age)}, {megabytes(newest.size)}, rooms: {rooms}"
    if rooms == DAMAGED or (in_production and age > _OLDEST_BACKUP):
        return Finding(State.WRONG, facts)
    return Finding(State.GOOD, facts)


def _rooms_left(settings: Settings) -> Finding:
    """Whether at least half of the rooms of the largest backup are left; counting stops there."""
    largest = largest_backup(settings.backup_directory, name_of(settings.database))
    if largest is None:
        return Finding(State.GOOD, "no backup to compare with")
    backup_file, before = largest
    with repository(settings) as rooms:
        left = rooms.count(RoomQuery(), at_most=(before + 1) // 2)
    if loss := loss_since(largest, left):
        return Finding(State.WRONG, loss)
    return Finding(State.GOOD, f"at least half of the {before:,} in {backup_file.path.name}")


def _backup_disk(directory: Path) -> Finding:
    newest = newest_backup(directory)
    return free_space(directory.absolute(), max(WANTED, 2 * newest.size if newest else 0))


def _photos(folder: Path) -> Finding:
    if problem := problem_of_photos(folder):
        return Finding(State.WRONG, f"RENTOMATIC_PHOTOS: {problem}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(State.WARNING, f"{folder} cannot be written: staff cannot upload photos")
    disk = free_space(folder.absolute())
    return Finding(disk.state, f"{folder}, {disk.facts}")


def _audit_log(path: Path | None) -> Finding:
    if path is None:
        facts = "RENTOMATIC_AUDIT_LOG is not set: changes are only recorded in the log of the server"
        return Finding(State.WARNING, facts) if is_production(os.environ) else not_checked(facts)
    size = path.stat().st_size if path.exists() else 0
    facts = f"{path}, {megabytes(size)}"
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return Finding(State.WRONG, f"{facts}, cannot be written")
    disk = free_space(path.absolute().parent)
    if disk.state is State.GOOD and size > _LARGE:
        return Finding(State.WARNING, f"{facts}: rotate it, for example with logrotate")
    return Finding(disk.state, f"{facts}, {disk.facts}")
