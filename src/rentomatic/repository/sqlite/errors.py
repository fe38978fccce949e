"""SQLite's errors in the words of the use cases."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, StorageReadOnly


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise RepositoryUnavailable, OutOfTime or StorageReadOnly for an error of SQLite."""
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
    """The name of its primary code: `SQLITE_IOERR` of SQLITE_IOERR_WRITE, say."""
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])


# What strangers may know of an error: no path, nothing of the statement.
_EXPLANATIONS = {
    "SQLITE_BUSY": "The storage is busy with another write: try again.",
    "SQLITE_CANTOPEN": "The file of the storage cannot be opened.",
    "SQLITE_CORRUPT": "The file of the storage is damaged: restore a backup.",
    "SQLITE_FULL": "The disk of the storage is full.",
    "SQLITE_IOERR": "The disk of the storage failed, or is full.",
    "SQLITE_NOTADB": "The file of the storage is not an SQLite file.",
}
