"""The command `copy`."""

import os
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace

import click

from rentomatic.bootstrap import open_existing, open_repository
from rentomatic.cli.confirm import announce, confirm, is_same_file, yes_option
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.options import as_command, naming, repository
from rentomatic.cli.progress import counting
from rentomatic.domain.quoting import counted
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backend import Backend, InFile
from rentomatic.settings import Settings, SettingsError, read_settings, storage_of
from rentomatic.use_cases.copy_rooms import CopyReport, copy_rooms, other_than
from rentomatic.use_cases.errors import Problem
from rentomatic.use_cases.ports import RoomRepository


@click.command
@click.argument("from_url")
@click.argument("to_url")
@click.option("--replace", is_flag=True, hidden=True, deprecated="Use --yes to skip the question.")
@click.option("--remove-others", is_flag=True, help="Also remove rooms that only the target has.")
@yes_option
def copy(from_url: str, to_url: str, replace: bool, remove_others: bool, yes: bool) -> int:
    """Copy all rooms of one storage to another, and compare the two.

    Both are URLs as in DATABASE_URL. All rooms are loaded in one transaction, then read back: number
    and checksum of both storages are printed, and the exit code is 1 if they differ. A database server
    needs its schema first: rentomatic migrate. If the target has rooms already, you are asked first:
    rooms with the same code are overwritten. A target with other rooms is refused, since the two could
    not be the same: --remove-others removes those; to keep them, use export and import. A copy to
    memory: is thrown away; it checks that all rooms can be read. Other users of this machine can see a
    password in a URL: use PGPASSWORD or PostgreSQL's password file instead.

    \b
    Examples:
      rentomatic copy sqlite:///rooms.db sqlite:///copy.db
      rentomatic copy sqlite:///rooms.db memory:
      rentomatic copy sqlite:///rooms.db postgresql://postgres@localhost/application
    """
    settings = read_settings(os.environ)
    source, target = _settings_of(settings, from_url, to_url)
    announce(target)
    with (
        repository(source, open_existing) as from_rooms,
        repository(target, open_repository) as to_rooms,
        closing(_all_rooms(from_rooms, source.database)) as rooms,
    ):
        if to_rooms.count(RoomQuery(), at_most=1):
            if not remove_others:
                _require_no_others(from_rooms, to_rooms, source.database, target.database)
            others = ", others removed" if remove_others else ""
            confirm(
                f"{target.database.label} has rooms already: rooms with the same code will be "
                f"overwritten{others}.",
                yes=yes,
            )
            yes = True
        with counting("copied", "compared") as watched:
            report = copy_rooms(rooms, to_rooms, replace=yes, exactly=remove_others, watched=watched)
    _print_report(report, source.database, target.database)
    return DONE if report.identical else FAILED


def _settings_of(settings: Settings, from_url: str, to_url: str) -> tuple[Settings, Settings]:
    """Return the settings of source and target. Raises SettingsError naming the wrong argument."""
    problems, found = [], []
    for name, url in (("FROM_URL", from_url), ("TO_URL", to_url)):
        try:
            found.append(replace(settings, database=storage_of(url)))
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    if not problems and not found[0].database.lasts:
        problems.append(Problem("FROM_URL", "must be a storage that lasts: memory starts empty"))
    if not problems and _are_one(found[0].database, found[1].database):
        problems.append(Problem("TO_URL", "must not be the same storage as FROM_URL"))
    if problems:
        raise SettingsError(problems)
    return found[0], found[1]


def _are_one(source: Backend, target: Backend) -> bool:
    if isinstance(source, InFile) and isinstance(target, InFile):
        return source == target or is_same_file(source.path, target.path)
    return source == target


def _require_no_others(
    from_rooms: RoomRepository, to_rooms: RoomRepository, source: Backend, target: Backend
) -> None:
    """Refuse a target with rooms that the source lacks: the comparison could only fail."""
    with closing(_all_rooms(from_rooms, source)) as rooms, closing(_all_rooms(to_rooms, target)) as present:
        other = other_than(rooms, present)
    if other:
        message = (
            f"{target.label} has rooms that {source.label} does not have, such as {other.code}, so the two "
            "could not be the same. Nothing was changed. Remove them with --remove-others, or keep them and "
            "load the others from a file: `rentomatic export`, then `rentomatic import`."
        )
        raise click.ClickException(as_command(message))


def _all_rooms(rooms: RoomRepository, where: Backend) -> Generator[Room, None, None]:
    # A separate generator, so that its errors are the source's, although the target is being loaded.
    with naming(where), rooms.stream(RoomQuery()) as found:
        yield from found


def _print_report(report: CopyReport, source: Backend, target: Backend) -> None:
    counts = report.counts
    told = f"{counts.added:,} added, {counts.replaced:,} replaced, {counts.unchanged:,} unchanged"
    click.echo(f"{told}, {counts.removed:,} removed." if counts.removed else f"{told}.")
    print_comparison(report, source.label, target.label)


def print_comparison(report: CopyReport, source: str, target: str) -> None:
    """Print number and checksum of both sides, and whether they are equal."""
    for where, found in ((source, report.source), (target, report.target)):
        click.echo(f"{counted(found.count, 'room')}, checksum {found}: {where}")
    if report.identical:
        click.echo("Both contain the same rooms.")
    else:
        click.echo("Error: the two storages do not contain the same rooms.", err=True)
