"""Rooms in an SQLite file: any number of readers beside one writer (WAL)."""

from rentomatic.repository.sqlite.files import (
    MadeMeanwhile,
    is_empty,
    is_missing,
    new_file,
    require_no_earlier_logs,
)
from rentomatic.repository.sqlite.repository import SqliteRepo

__all__ = ["MadeMeanwhile", "SqliteRepo", "is_empty", "is_missing", "new_file", "require_no_earlier_logs"]
