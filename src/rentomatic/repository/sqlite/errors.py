"""SQLite's errors, translated into those of the use cases."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, StorageReadOnly


@contextmanager
def translated_errors() -> Iterator[None]:
    """Translate errors of SQLite into RepositoryUnavailable, OutOfTime or StorageReadOnly."""
    try:
        yield
    except sqlite3.Error as error:
        name = name_of(error)
        if name == "SQLITE_INTERRUPT":
            raise OutOfTime from error
        if name == "SQLITE_READONLY":
            raise StorageReadOnly from error
        raise RepositoryUnavailable(_EXPLANATIONS.get(name, "The storage cannot be used.")) from error


def name_of(error: sqlite3.Error) -> str:
    """Return the name of the primary code, such as `SQLITE_IOERR` for SQLITE_IOERR_WRITE."""
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])


# Messages that are safe to show: no path, and nothing of the statement.
_EXPLANATIONS = {
    "SQLITE_BUSY": "The storage is busy with another write: try again.",
    "SQLITE_CANTOPEN": "The file of the storage cannot be opened.",
    "SQLITE_CORRUPT": "The file of the storage is damaged: restore a backup.",
    "SQLITE_FULL": "The disk of the storage is full.",
    "SQLITE_IOERR": "The disk of the storage failed, or is full.",
    "SQLITE_NOTADB": "The file of the storage is not an SQLite file.",
}
