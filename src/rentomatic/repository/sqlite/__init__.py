"""Rooms in an SQLite file: any number of readers beside one writer (WAL)."""

from rentomatic.repository.sqlite.files import EmptyFile, is_missing, new_file
from rentomatic.repository.sqlite.repository import SqliteRepo

__all__ = ["EmptyFile", "SqliteRepo", "is_missing", "new_file"]
