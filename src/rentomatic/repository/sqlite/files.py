"""Opens the file of the rooms, even if it is read-only.

To read a file in WAL mode, SQLite writes two files beside it: `-wal` holds the last commits, `-shm` an index
of them. If it cannot write, and no other process has created them, the last user closed the file cleanly: the
file is complete and is opened as `immutable` (https://sqlite.org/wal.html#readonly). SQLite then takes no
locks and sees no changes, so such a connection serves one use, and its results count only if the file did not
change.
"""

import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rentomatic.domain.geography import distance
from rentomatic.repository.backend import MadeMeanwhile
from rentomatic.repository.folders import held_folder
from rentomatic.repository.sqlite.errors import name_of, translated_errors
from rentomatic.repository.sqlite.rows import has_all
from rentomatic.repository.sqlite.words import add_functions
from rentomatic.use_cases.errors import RepositoryUnavailable

BUSY_TIMEOUT = 5.0
"""Seconds that a statement waits for another writer, unless it has its own limit."""

LOG_KEPT = 1 << 23
"""Bytes of the write-ahead log that stay on the disk."""

# Negative: in KiB. Each connection keeps a cache of its own. The operating system caches the file as well,
# so a larger one makes no search faster: see docs/performance.md.
SEARCH_CACHE = -2048

SAMPLE_CACHE = -2048
"""Large enough for a connection's sample of rooms that say little; texts may need a temporary file."""

_LOGS = ("-wal", "-journal")


class EmptyFile(RepositoryUnavailable):
    """The file exists but is empty, so its rooms were lost rather than removed."""

    def __init__(self) -> None:
        super().__init__(
            "The file of the storage exists but is empty. Restore a backup with `rentomatic restore`, "
            "or start without rooms with `rentomatic migrate`."
        )


class EarlierLogs(RepositoryUnavailable):
    """The file is missing or empty, but logs of an earlier file are beside it.

    state: `is missing` or `is empty`. ends: the suffixes of the logs' names.
    """

    def __init__(self, path: Path, state: str, ends: Iterable[str]) -> None:
        logs = ", ".join(f"{path}{end}" for end in ends)
        moved = f"{path}, {logs}" if state == "is empty" else logs
        super().__init__(
            f"{path} {state}, but the logs of an earlier file are still beside it: {logs}. "
            f"Stop every rentomatic that uses {path.name}. Then put the earlier file back in its place, or "
            "move what is still there of these files to another folder and try again, which makes a new "
            f"file: {moved}."
        )


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A connection, its file, and the state of the file if it must not change during use."""

    connection: sqlite3.Connection
    file: tuple[int, int]
    unchanged: tuple[int, int] | None = None

    def is_of(self, found: os.stat_result) -> bool:
        """Whether this is still the file at the path; another one may have replaced it."""
        return self.file == (found.st_dev, found.st_ino)

    def require_unchanged(self, path: Path) -> None:
        """Raise RepositoryUnavailable if the file has changed, so that results may mix two states."""
        if self.unchanged and self.unchanged != _state(state_of(path)):
            raise RepositoryUnavailable("The file of the storage changed while it was being read: try again.")


def is_missing(path: Path) -> bool:
    """Whether the file does not exist; an unreadable file exists."""
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def is_empty(path: Path) -> bool:
    """Whether the file exists but is empty. Raises RepositoryUnavailable if it cannot be read."""
    if is_missing(path):
        return False
    try:
        with translated_errors():
            opened(path, state_of(path)).connection.close()
    except EmptyFile:
        return True
    return False


def state_of(path: Path) -> os.stat_result:
    """Return the state of the file. Raises RepositoryUnavailable if it is missing, and EmptyFile."""
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise RepositoryUnavailable("The file of the storage is not there.") from error
    except OSError as error:
        raise RepositoryUnavailable("The file of the storage cannot be opened.") from error
    if stat.S_ISDIR(found.st_mode):
        raise RepositoryUnavailable("The storage must be a file; this is a directory.")
    if not found.st_size:
        raise EmptyFile
    return found


def opened(path: Path, found: os.stat_result) -> OpenFile:
    """Open the file for searches, and for writes if possible.

    found: the current state of the file. Raises sqlite3.Error, RepositoryUnavailable and EmptyFile.
    """
    file = found.st_dev, found.st_ino
    try:
        return OpenFile(_connected(path, "mode=rw"), file)  # does not create the file
    except sqlite3.OperationalError as error:
        if name_of(error) not in ("SQLITE_READONLY", "SQLITE_CANTOPEN"):
            raise
        if _has_log(path):
            raise RepositoryUnavailable(
                "The file of the storage has a log of changes (-wal) that cannot be read without permission "
                "to write beside it: open it once as its owner, or copy both to a folder of your own."
            ) from error
    return OpenFile(_connected(path, "mode=ro&immutable=1"), file, _state(found))


def require_no_earlier_logs(path: Path) -> None:
    """Raise RepositoryUnavailable if a missing or empty file has logs of an earlier file beside it.

    SQLite would use them for the new file and read old pages from them, or share them with a server that
    still has the earlier file open.
    """
    path = path.resolve()
    beside = _beside(path)  # first: another process may be creating the file; its logs appear only later
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        if any(beside.get(end) for end in _LOGS):
            raise EarlierLogs(path, "is missing", beside) from None
    except OSError:
        return  # opening it will report why
    else:
        if not size and ("-wal" in beside or "-shm" in beside):
            raise EarlierLogs(path, "is empty", beside)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a temporary path for a new file, and move the file to `path` at the end of the context.

    Its connections are closed by then. A file left behind by a killed process has another name, and the next
    process removes it. Raises MadeMeanwhile if another process created the file first, which is left
    unchanged, and RepositoryUnavailable if the folder cannot be written to or has the log of a removed file.
    """
    path = path.resolve()  # so that a symbolic link is kept
    require_no_earlier_logs(path)
    try:
        with held_folder(f"{path.name}.new-", path.parent) as folder:
            yield folder / path.name
            _publish(folder / path.name, path)
    except OSError as error:
        reason = error.strerror or error
        raise RepositoryUnavailable(f"The file of the storage cannot be created: {reason}.") from error


def _publish(made: Path, path: Path) -> None:
    """Give the file its name. Raises MadeMeanwhile if another process has created a file of that name."""
    try:
        os.link(made, path)
    except FileExistsError as error:
        raise MadeMeanwhile(path) from error
    except OSError as error:  # the file system has no hard links
        if path.exists():
            raise MadeMeanwhile(path) from error
        made.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # so that the name survives a power cut
    finally:
        os.close(folder)


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_ctime_ns, found.st_size


def _has_log(path: Path) -> bool:
    """Whether a log beside the file holds changes that are not yet in the file."""
    beside = _beside(path.resolve())
    return any(beside.get(end) for end in _LOGS)


def _beside(path: Path) -> dict[str, int]:
    """Return the sizes in bytes of SQLite's files beside it, by suffix."""
    sizes = {}
    for end in (*_LOGS, "-shm"):
        with suppress(OSError):
            sizes[end] = path.with_name(path.name + end).stat().st_size
    return sizes


def _connected(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")  # so that a commit survives a power cut
        connection.execute(f"PRAGMA cache_size = {SEARCH_CACHE}")
        connection.execute(f"PRAGMA temp.cache_size = {SAMPLE_CACHE}")
        connection.execute("PRAGMA temp.journal_mode = MEMORY")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_KEPT}")
        connection.create_function("distance", 4, distance, deterministic=True)
        add_functions(connection)
        connection.create_function("has_all", 2, has_all, deterministic=True)
        _require_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_tables(connection: sqlite3.Connection) -> None:
    if not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise EmptyFile
