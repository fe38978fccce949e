"""The directory of backups, in which a file is either complete or absent.

A file is written as `….part`, flushed to disk, and only then renamed. The writer holds a lock on it, so that
the next writer can recognise files left behind by killed processes.
"""

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"rooms-(\d{8}T\d{6}Z)\.ndjson\.gz")
_PART = ".part"


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A backup in the directory. taken: the time in its name. size: in bytes."""

    path: Path
    taken: datetime
    size: int

    def age(self, now: datetime) -> timedelta:
        return now - self.taken


def backups_in(directory: Path) -> list[BackupFile]:
    """Return the backups, newest first; empty if the directory does not exist. Raises OSError."""
    found = []
    try:
        entries = list(directory.iterdir())
    except FileNotFoundError:
        return []
    for path in entries:
        with suppress(ValueError, FileNotFoundError):  # not a date, or just removed by another process
            if (named := _NAME.fullmatch(path.name)) and path.is_file() and not path.is_symlink():
                taken = datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC)
                found.append(BackupFile(path, taken, path.stat().st_size))
    return sorted(found, key=lambda backup: backup.taken, reverse=True)


def newest_backup(directory: Path) -> BackupFile | None:
    """Return the newest backup, or None. Raises OSError."""
    return next(iter(backups_in(directory)), None)


def remove_old(backups: Sequence[BackupFile], keep: int, but: Path) -> list[Path]:
    """Remove all but the first `keep` backups, and never `but`; return the removed paths."""
    old = [backup.path for backup in backups[keep:] if backup.path != but]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def set_aside(path: Path) -> Path:
    """Rename an invalid backup so that it no longer counts as one; return the new path."""
    return path.replace(path.with_name(f"{path.name}.unverified"))


@contextmanager
def new_backup(directory: Path, taken: datetime) -> Iterator[tuple[Path, BinaryIO]]:
    """Give the path of the next backup and the file to write; create the directory if needed.

    The backup exists from the end of the context, and not at all after an error. Raises OSError.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_left_behind(directory, re.compile(_NAME.pattern + re.escape(_PART)))
    while True:
        path = directory / f"rooms-{taken.astimezone(UTC).strftime(_STAMP)}.ndjson.gz"
        part = path.with_name(path.name + _PART)
        if file := _created(part):
            if not path.exists():  # checked only now that no other process can be writing it
                break
            _discard(file, part)
        taken += timedelta(seconds=1)
    with _renamed(file, part, path):
        yield path, file


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write; rename it to `path` at the end of the context, or remove it after an error."""
    ours = rf"{re.escape(path.name)}\.[0-9a-f]{{8}}{re.escape(_PART)}"
    _remove_left_behind(path.parent, re.compile(ours))
    while not (file := _created(part := path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PART}"))):
        pass
    with _renamed(file, part, path):
        yield file


def _created(part: Path) -> BinaryIO | None:
    """Create a locked file that nobody else can read; return None if it exists already."""
    try:
        file = os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        return None
    _lock(file, wait=True)
    with suppress(FileNotFoundError):
        if part.stat().st_ino == os.fstat(file.fileno()).st_ino:
            return file
    file.close()  # another process took it for left behind, before it was locked
    return None


@contextmanager
def _renamed(file: BinaryIO, part: Path, path: Path) -> Iterator[None]:
    """Flush and rename the file at the end of the context; remove it after an error."""
    try:
        yield
        file.flush()
        os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        _discard(file, part)
        raise
    file.close()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # so that the new name survives a power cut
    finally:
        os.close(directory)


def _discard(file: BinaryIO, part: Path) -> None:
    part.unlink(missing_ok=True)
    with suppress(OSError):  # closing flushes the buffer, which fails again on a full disk
        file.close()


def _remove_left_behind(directory: Path, pattern: re.Pattern[str]) -> None:
    for path in directory.iterdir():
        if pattern.fullmatch(path.name):
            with suppress(OSError), path.open("rb") as file:
                if _lock(file, wait=False):
                    path.unlink()


def _lock(file: BinaryIO, *, wait: bool) -> bool:
    """Lock the file while it is open; return False if another process holds it or locks are unavailable."""
    import fcntl  # imported here: not available everywhere, and not needed to list backups

    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
