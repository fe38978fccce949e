"""The command `restore`."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

import click

from rentomatic.bootstrap import open_to_restore, scratch
from rentomatic.cli.backup_files import backups_of, name_of
from rentomatic.cli.commands.copy import print_comparison
from rentomatic.cli.confirm import announce, confirm, yes_option
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.options import as_command, naming, repository
from rentomatic.cli.progress import counting
from rentomatic.cli.stopping import stopped_in_order
from rentomatic.domain.quoting import counted, visible
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backups import newest_backup
from rentomatic.serializers.backup import Trailer, check, read
from rentomatic.settings import Settings, SettingsError, read_settings
from rentomatic.use_cases.copy_rooms import copy_rooms
from rentomatic.use_cases.errors import Problem
from rentomatic.use_cases.restore_rooms import restore_rooms

_IN_MEMORY = 1 << 24
"""Bytes of a backup from standard input to keep in memory; larger ones go to a file."""


@click.command
@click.argument("file")
@click.option("--force", is_flag=True, hidden=True, deprecated="Use --yes to skip the question.")
@click.option("--verify", is_flag=True, help="Restore into a scratch storage only, to check the backup.")
@yes_option
def restore(file: str, force: bool, verify: bool, yes: bool) -> int:
    """Restore the rooms of a backup: a file, `latest` for the newest in the directory, or - for stdin.

    Names that backup --list prints can be given without their folder. `latest` must be a backup of this
    storage; restore any other one by its name.

    The whole file is checked first; a damaged one changes nothing. Then all rooms are loaded in one
    transaction, while readers still see the old ones, and read back: number and checksum of both are
    printed, and the exit code is 1 if they differ. If the storage has rooms already, you are asked
    first: rooms that are not in the backup are removed. A database server needs its schema first:
    rentomatic migrate.

    \b
    Examples:
      rentomatic restore latest --yes
      rentomatic restore --verify latest
      rentomatic restore rooms-20261122T172013Z.ndjson.gz --yes
      cat backups/rooms-20261122T172013Z.ndjson.gz | rentomatic restore --yes -
    """
    if verify and (force or yes):
        raise click.UsageError("--verify does not change your storage, so there is nothing to confirm")
    settings = read_settings(os.environ)
    if not verify:
        require_one_that_lasts(settings)
        announce(settings)
    with stopped_in_order(), _opened(file, settings) as (content, name):
        with counting("checked") as watched:
            trailer = check(content, name, watched)
        click.echo(visible(f"{summary(trailer)}, of {trailer.taken} from {trailer.storage}: {name}"))
        if verify:
            return restored_for_trial(settings, content, name)
        if file == "latest":
            _require_own(settings, trailer, name)
        return _restored(settings, content, name, trailer, yes=yes)


def _restored(settings: Settings, content: IO[bytes], name: str, trailer: Trailer, *, yes: bool) -> int:
    with repository(settings, open_to_restore) as rooms:
        if present := rooms.count(RoomQuery()):
            confirm(
                f"{settings.target} has {counted(present, 'room')}. They will be replaced by "
                f"{counted(trailer.count, 'room')} from the backup.",
                yes=yes,
            )
            yes = True
        with counting("restored", "compared") as watched:
            report = restore_rooms(read(content, name), rooms, replace=yes, watched=watched)
    counts = report.counts
    told = ("added", "replaced", "unchanged", "removed")
    click.echo(", ".join(f"{getattr(counts, what):,} {what}" for what in told) + ".")
    print_comparison(report, name, settings.database.label)
    return DONE if report.identical else FAILED


def restored_for_trial(settings: Settings, content: IO[bytes], name: str) -> int:
    """Restore a backup into a scratch storage and compare; return the exit code."""
    with (
        naming(settings.database),
        scratch(settings) as trial,
        repository(trial) as rooms,
        counting("restored", "compared") as watched,
    ):
        report = copy_rooms(read(content, name), rooms, watched=watched)
    print_comparison(report, name, "a scratch storage, since dropped")
    return DONE if report.identical else FAILED


def _require_own(settings: Settings, trailer: Trailer, name: str) -> None:
    """Refuse a backup of another storage unless it was named explicitly."""
    own = name_of(settings.database)
    if trailer.storage != own:
        message = (
            f"The latest backup is of {trailer.storage}, not of {own}. Nothing was changed. "
            f"To restore it here anyway, name it: `rentomatic restore {Path(name).name}`."
        )
        raise click.ClickException(as_command(message))


def require_one_that_lasts(settings: Settings) -> None:
    """Raise SettingsError for a storage that does not outlive the process."""
    if not settings.database.lasts:
        wanted = "must be a storage that lasts: rooms in memory are lost when the process ends"
        raise SettingsError([Problem("DATABASE_URL", wanted)])


@contextmanager
def _opened(file: str, settings: Settings) -> Iterator[tuple[IO[bytes], str]]:
    """Give the backup and its display name; it can be read more than once."""
    directory = settings.backup_directory
    if file == "latest":
        own = backups_of(directory, name_of(settings.database))
        newest = own[0] if own else newest_backup(directory)
        if newest is None:
            raise click.ClickException(f"There are no backups in {directory}.")
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
    """Return the file, or if there is none and the name has no folder, the backup with that name."""
    path, listed = Path(file), directory / file
    return listed if file == path.name and not path.exists() and listed.exists() else path


@contextmanager
def _kept(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Copy a stream that can be read only once."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
        shutil.copyfileobj(stream, kept)
        kept.seek(0)
        yield kept


def summary(trailer: Trailer) -> str:
    """Describe the content of a backup in a few words."""
    return f"{counted(trailer.count, 'room')}, checksum {trailer.checksum}"
