"""Commands that keep all rooms safe and bring them back: backup and restore."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, NoReturn

import click
from rich import box
from rich.console import Console
from rich.table import Table

from rentomatic import __version__
from rentomatic.bootstrap import open_existing, open_to_restore, scratch
from rentomatic.cli.backup_files import age_text, largest_backup, loss_since, megabytes, rooms_in
from rentomatic.cli.commands.copy import print_comparison
from rentomatic.cli.confirm import announce, confirm, confirm_overwriting, yes_option
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.options import as_command, naming, repository
from rentomatic.cli.progress import counting
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backups import (
    backups_in,
    new_backup,
    newest_backup,
    remove_old,
    set_aside,
    whole_file,
)
from rentomatic.serializers.backup import Trailer, check, read, write
from rentomatic.settings import Settings, SettingsError, read_settings
from rentomatic.use_cases.copy_rooms import copy_rooms
from rentomatic.use_cases.errors import Problem
from rentomatic.use_cases.export_rooms import export_rooms
from rentomatic.use_cases.restore_rooms import restore_rooms

_IN_MEMORY = 1 << 24
"""Bytes of a backup from standard input that are kept in memory; more of them go to a file."""


@click.command
@click.option("--output", "-o", metavar="FILE", help="Write this file instead; - for standard output.")
@click.option("--verify", is_flag=True, help="Then restore it into a scratch storage, and compare.")
@click.option("--keep", type=click.IntRange(1), help="How many stay there (RENTOMATIC_BACKUP_KEEP).")
@click.option("--fewer-rooms", is_flag=True, help="Most rooms are gone on purpose: go on from this backup.")
@click.option("--list", "listed", is_flag=True, help="Only tell which backups there are.")
@yes_option
def backup(
    output: str | None, verify: bool, keep: int | None, fewer_rooms: bool, listed: bool, yes: bool
) -> int:
    """Write all rooms, of one moment, to one file that tells whether it is whole.

    It goes to RENTOMATIC_BACKUP_DIRECTORY, and the oldest beyond RENTOMATIC_BACKUP_KEEP are removed.
    The file is gzip: zcat shows one room a line, and last their number and checksum. --verify makes
    a storage of the same kind with a random name, restores the file there, reads it back, compares,
    and drops the storage; in PostgreSQL that takes the right to create databases. It removes nothing
    and ends with exit code 1 unless all is the same. The same happens where more than half of the rooms
    of an earlier backup are gone: the backup is kept, and so are all others, until --fewer-rooms says
    that this was on purpose. Restore it with rentomatic restore.

    \b
    Examples:
      rentomatic backup
      rentomatic backup --verify --keep 30
      rentomatic backup --list
      rentomatic backup -o all.ndjson.gz
      rentomatic backup -o - | rentomatic restore --verify -
    """
    settings = read_settings(os.environ)
    if listed:
        _print_backups(settings.backup_directory)
        return DONE
    _require_one_that_lasts(settings)
    if output and keep:
        raise click.UsageError("--keep is about the directory of backups, which --output leaves as it is")
    if output and fewer_rooms:
        raise click.UsageError("--fewer-rooms is about the directory of backups, which --output leaves alone")
    if output == "-":
        _to_standard_output(settings, verify)
        return DONE
    if output:
        _require_place(Path(output), to_be_read=verify)
        confirm_overwriting(Path(output), settings.database, yes=yes)
    announce(settings)
    with _stopped_in_order():
        path, trailer = _write_file(settings, output, fewer_rooms=fewer_rooms)
        click.echo(f"{_summary(trailer)}: {path} ({megabytes(path.stat().st_size)})")
        if verify:
            with path.open("rb") as file:
                same = _restored_for_trial(settings, file, str(path)) == DONE
            if not same:
                click.echo(f"It is no backup: {path} was renamed to {set_aside(path)}.", err=True)
                return FAILED
        if output is not None:
            return DONE
        before = None if fewer_rooms else largest_backup(settings.backup_directory, but=path)
        if loss := loss_since(before, trailer.count):
            click.echo(f"Error: {as_command(loss)} No backup was removed.", err=True)
            return FAILED
        _remove_old(settings, keep, path)
    return DONE


@click.command
@click.argument("file")
@click.option("--force", is_flag=True, hidden=True, deprecated="Only --yes keeps restore from asking.")
@click.option("--verify", is_flag=True, help="Only into a scratch storage, to prove that it can be restored.")
@yes_option
def restore(file: str, force: bool, verify: bool, yes: bool) -> int:
    """Bring back the rooms of a backup: a file, latest for the newest in the directory, or - for stdin.

    A name without a folder that is not a file here is looked up among the backups of backup --list.
    latest has to be a backup of this very storage; any other one is restored by its name.

    The whole file is checked first: one that is damaged changes nothing. Then all rooms are loaded in
    one step, all or none, while readers go on with what was there, and are read back: number and
    checksum of both are printed, and the exit code is 1 where they differ. Where the storage has rooms
    already, you are asked: those that the backup does not hold are removed. A server needs its schema
    first: rentomatic migrate.

    \b
    Examples:
      rentomatic restore latest --yes
      rentomatic restore --verify latest
      rentomatic restore rooms-20261122T172013Z.ndjson.gz --yes
      cat backups/rooms-20261122T172013Z.ndjson.gz | rentomatic restore --yes -
    """
    if verify and (force or yes):
        raise click.UsageError("--verify touches no storage that you would be asked about")
    settings = read_settings(os.environ)
    if not verify:
        _require_one_that_lasts(settings)
        announce(settings)
    with _stopped_in_order(), _opened(file, settings.backup_directory) as (content, name):
        with counting("checked") as watched:
            trailer = check(content, name, watched)
        click.echo(f"{_summary(trailer)}, of {trailer.taken} from {trailer.storage}: {name}")
        if verify:
            return _restored_for_trial(settings, content, name)
        if file == "latest":
            _require_own(settings, trailer, name)
        return _restored(settings, content, name, trailer, yes=yes)


def _restored(settings: Settings, content: IO[bytes], name: str, trailer: Trailer, *, yes: bool) -> int:
    with repository(settings, open_to_restore) as rooms:
        if present := rooms.count(RoomQuery()):
            confirm(
                f"{settings.target} has {_rooms(present)}. Afterwards it has those of the backup, "
                f"{_rooms(trailer.count)}, and no other.",
                yes=yes,
            )
            yes = True
        with counting("restored", "compared") as watched:
            report = restore_rooms(read(content, name), rooms, force=yes, watched=watched)
    counts = report.counts
    told = ("added", "replaced", "unchanged", "removed")
    click.echo(", ".join(f"{getattr(counts, what):,} {what}" for what in told) + ".")
    print_comparison(report, name, settings.database.label)
    return DONE if report.identical else FAILED


def _restored_for_trial(settings: Settings, content: IO[bytes], name: str) -> int:
    with (
        naming(settings.database),
        scratch(settings) as trial,
        repository(trial) as rooms,
        counting("restored", "compared") as watched,
    ):
        report = copy_rooms(read(content, name), rooms, watched=watched)
    print_comparison(report, name, "a scratch storage, dropped again")
    return DONE if report.identical else FAILED


def _require_one_that_lasts(settings: Settings) -> None:
    if not settings.database.lasts:
        wanted = "must be a storage that lasts: rooms in memory end with the process"
        raise SettingsError([Problem("DATABASE_URL", wanted)])


def _require_own(settings: Settings, trailer: Trailer, name: str) -> None:
    """Refuse a backup of another storage that was not asked for by its name."""
    own = settings.database.label
    if trailer.storage != own:
        message = (
            f"The latest backup is of {trailer.storage}, not of {own}. Nothing was changed. "
            f"To restore it here all the same, name it: `rentomatic restore {Path(name).name}`."
        )
        raise click.ClickException(as_command(message))


def _require_place(path: Path, *, to_be_read: bool) -> None:
    if to_be_read and path.exists() and not path.is_file():
        raise click.UsageError(f"{path} is not a file that --verify could read")


def _write_file(settings: Settings, output: str | None, *, fewer_rooms: bool) -> tuple[Path, Trailer]:
    place = Path(output) if output else settings.backup_directory
    try:
        if output is None:
            with new_backup(place, datetime.now(UTC)) as (path, file):
                trailer = _write(settings, file, fewer_rooms=fewer_rooms)
            return path, trailer
        if place.exists() and not place.is_file():  # a pipe or a device keeps its place
            with place.open("wb") as file:
                return place, _write(settings, file, fewer_rooms=fewer_rooms)
        with whole_file(place.resolve()) as file:  # a symbolic link stays one
            return place, _write(settings, file, fewer_rooms=fewer_rooms)
    except OSError as error:
        raise click.ClickException(f"{place} cannot be written: {error.strerror or error}") from error


def _write(settings: Settings, file: IO[bytes], *, fewer_rooms: bool = False) -> Trailer:
    database = settings.database
    with repository(settings, open_existing) as rooms:
        taken = datetime.now(UTC)  # before the moment that is read: what was written by then is in it
        with export_rooms(rooms, RoomQuery()) as found, counting("written") as watched:
            return write(
                file,
                watched(found),
                taken=taken.strftime("%Y-%m-%dT%H:%M:%SZ"),
                storage=database.label,
                schema=database.revision,
                version=__version__,
                fewer_rooms=fewer_rooms,
            )


def _to_standard_output(settings: Settings, verify: bool) -> None:
    if verify:
        advice = "what goes to standard output is verified by `rentomatic restore --verify -`"
        raise click.UsageError(as_command(advice))
    if sys.stdout.isatty():
        raise click.UsageError("a backup is nothing for a terminal: lead it to a file or a program")
    _write(settings, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _remove_old(settings: Settings, keep: int | None, newest: Path) -> None:
    keep = keep or settings.backup_keep
    removed = remove_old(settings.backup_directory, keep, but=newest)
    if removed:
        click.echo(f"Removed beyond the newest {keep}: {', '.join(path.name for path in removed)}")


@contextmanager
def _opened(file: str, directory: Path) -> Iterator[tuple[IO[bytes], str]]:
    """The backup and how it is called, to be read more than once."""
    if file == "latest":
        newest = newest_backup(directory)
        if newest is None:
            raise click.ClickException(f"There is no backup in {directory}.")
        file = str(newest.path)
    if file == "-":
        with _kept(sys.stdin.buffer) as kept:
            yield kept, "standard input"
        return
    try:
        path = _found(file, directory)
        content = path.open("rb")
    except OSError as error:
        raise click.FileError(file, error.strerror) from error
    with content:
        if content.seekable():
            yield content, str(path)
            return
        with _kept(content) as kept:
            yield kept, str(path)


def _found(file: str, directory: Path) -> Path:
    """The file, or where there is none and the name has no folder, the backup of that name."""
    path, listed = Path(file), directory / file
    return listed if file == path.name and not path.exists() and listed.exists() else path


@contextmanager
def _kept(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """All of a stream that can be read only once."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
        shutil.copyfileobj(stream, kept)
        kept.seek(0)
        yield kept


@contextmanager
def _stopped_in_order() -> Iterator[None]:
    """What ends the process is taken as Ctrl-C is: nothing unfinished stays behind, no scratch storage."""

    def stop(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    usual = (signal.SIGTERM, signal.SIGHUP)
    taken = [sign for sign in usual if signal.getsignal(sign) is signal.SIG_DFL]  # nohup ignores one
    for sign in taken:
        signal.signal(sign, stop)
    try:
        yield
    finally:
        for sign in taken:
            signal.signal(sign, signal.SIG_DFL)


def _print_backups(directory: Path) -> None:
    found = backups_in(directory)
    if not found:
        click.echo(f"There is no backup in {directory}.")
        return
    now = datetime.now(UTC)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("backup", no_wrap=True)
    for column in ("age", "size", "rooms"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in found:
        table.add_row(each.path.name, age_text(each.age(now)), megabytes(each.size), rooms_in(each))
    Console(highlight=False).print(table)


def _summary(trailer: Trailer) -> str:
    return f"{_rooms(trailer.count)}, checksum {trailer.checksum}"


def _rooms(number: int) -> str:
    return f"{number:,} room{'' if number == 1 else 's'}"
