"""The command `backup`."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click
from rich import box
from rich.markup import escape
from rich.table import Table

from rentomatic import __version__
from rentomatic.cli.backup_files import (
    age_text,
    backups_of,
    largest_backup,
    loss_since,
    megabytes,
    name_of,
    rooms_in,
    storage_of,
)
from rentomatic.cli.commands.restore import require_one_that_lasts, restored_for_trial, summary
from rentomatic.cli.confirm import announce, confirm_overwriting, yes_option
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.options import as_command, repository
from rentomatic.cli.progress import counting
from rentomatic.cli.stopping import stopped_in_order
from rentomatic.cli.tables import console
from rentomatic.domain.quoting import visible
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backups import backups_in, new_backup, remove_old, set_aside, whole_file
from rentomatic.serializers.backup import Trailer, write
from rentomatic.settings import Settings, read_settings
from rentomatic.use_cases.export_rooms import export_rooms


@click.command
@click.option("--output", "-o", metavar="FILE", help="Write this file instead; - for standard output.")
@click.option("--verify", is_flag=True, help="Also restore it into a scratch storage and compare.")
@click.option("--keep", type=click.IntRange(1), help="How many backups to keep (RENTOMATIC_BACKUP_KEEP).")
@click.option("--fewer-rooms", is_flag=True, help="Accept that most rooms were removed on purpose.")
@click.option("--list", "listed", is_flag=True, help="Only list the backups.")
@yes_option
def backup(
    output: str | None, verify: bool, keep: int | None, fewer_rooms: bool, listed: bool, yes: bool
) -> int:
    """Write all rooms, as of one moment, to one file with a checksum.

    Photos are left out: copy the folder RENTOMATIC_PHOTOS as well.

    The file goes to RENTOMATIC_BACKUP_DIRECTORY; of those of this storage,
    the oldest beyond RENTOMATIC_BACKUP_KEEP are removed.
    It is gzipped: zcat shows one room per line, then their number and checksum. --verify creates a
    storage of the same kind with a random name, restores the file there, reads it back, compares, and
    drops the storage; in PostgreSQL this needs the right to create databases. If they differ, nothing
    is removed and the exit code is 1. The same happens if more than half of the rooms of an earlier
    backup are gone: all backups are kept until --fewer-rooms says that this was on purpose. Restore
    with rentomatic restore.

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
    require_one_that_lasts(settings)
    if output and (keep or fewer_rooms):
        option = "--keep" if keep else "--fewer-rooms"
        raise click.UsageError(f"{option} applies to the backup directory, not to --output")
    if output == "-":
        _to_standard_output(settings, verify)
        return DONE
    if output:
        _require_place(Path(output), to_be_read=verify)
        confirm_overwriting(Path(output), settings.database, yes=yes)
    announce(settings)
    with stopped_in_order():
        path, trailer = _write_file(settings, output, fewer_rooms=fewer_rooms)
        click.echo(f"{summary(trailer)}: {path} ({megabytes(path.stat().st_size)})")
        if verify and not _is_proved(settings, path):
            return FAILED
        return DONE if output else _tidied(settings, keep, path, trailer)


def _is_proved(settings: Settings, path: Path) -> bool:
    """Verify that the backup can be restored; rename it if not."""
    with path.open("rb") as file:
        if restored_for_trial(settings, file, str(path)) == DONE:
            return True
    click.echo(f"The backup is not usable: {path} was renamed to {set_aside(path)}.", err=True)
    return False


def _tidied(settings: Settings, keep: int | None, newest: Path, trailer: Trailer) -> int:
    """Remove the oldest backups of the storage, unless rooms were lost since; return the exit code."""
    directory, storage = settings.backup_directory, trailer.storage
    before = None if trailer.fewer_rooms else largest_backup(directory, storage, but=newest)
    if loss := loss_since(before, trailer.count):
        click.echo(f"Error: {as_command(loss)} No backup was removed.", err=True)
        return FAILED
    keep = keep or settings.backup_keep
    if removed := remove_old(backups_of(directory, storage), keep, but=newest):
        click.echo(f"Removed all but the newest {keep}: {', '.join(path.name for path in removed)}")
    return DONE


def _require_place(path: Path, *, to_be_read: bool) -> None:
    if to_be_read and path.exists() and not path.is_file():
        raise click.UsageError(f"{path} is not a regular file, so --verify cannot read it")


def _write_file(settings: Settings, output: str | None, *, fewer_rooms: bool) -> tuple[Path, Trailer]:
    place = Path(output) if output else settings.backup_directory
    try:
        if output is None:
            with new_backup(place, datetime.now(UTC)) as (path, file):
                trailer = _write(settings, file, fewer_rooms=fewer_rooms)
            return path, trailer
        if place.exists() and not place.is_file():  # a pipe or a device is not replaced
            with place.open("wb") as file:
                return place, _write(settings, file, fewer_rooms=fewer_rooms)
        with whole_file(place.resolve()) as file:  # so that a symbolic link is kept
            return place, _write(settings, file, fewer_rooms=fewer_rooms)
    except OSError as error:
        raise click.ClickException(f"{place} cannot be written: {error.strerror or error}") from error


def _write(settings: Settings, file: IO[bytes], *, fewer_rooms: bool = False) -> Trailer:
    database = settings.database
    with repository(settings) as rooms:
        taken = datetime.now(UTC)  # before reading: everything written until then is in the backup
        with export_rooms(rooms, RoomQuery()) as found, counting("written") as watched:
            return write(
                file,
                watched(found),
                taken=taken.strftime("%Y-%m-%dT%H:%M:%SZ"),
                storage=name_of(database),
                schema=database.revision,
                version=__version__,
                fewer_rooms=fewer_rooms,
            )


def _to_standard_output(settings: Settings, verify: bool) -> None:
    if verify:
        advice = "pipe the backup to `rentomatic restore --verify -` instead"
        raise click.UsageError(as_command(advice))
    if sys.stdout.isatty():
        raise click.UsageError("a backup is not readable on a terminal: redirect it to a file or a program")
    _write(settings, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _print_backups(directory: Path) -> None:
    found = backups_in(directory)
    if not found:
        click.echo(f"There are no backups in {directory}.")
        return
    now = datetime.now(UTC)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("backup", no_wrap=True)
    for column in ("age", "size", "rooms"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("storage", overflow="fold")
    for each in found:
        figures = age_text(each.age(now)), megabytes(each.size), rooms_in(each)
        table.add_row(each.path.name, *figures, escape(visible(storage_of(each) or "unknown")))
    console().print(table)
