"""Rooms in an SQLite file: any number of readers beside one writer (WAL)."""

from rentomatic.repository.sqlite.repository import SqliteRepo, is_fresh

__all__ = ["SqliteRepo", "is_fresh"]
