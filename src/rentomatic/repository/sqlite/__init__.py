"""Rooms in an SQLite file: any number of readers beside one writer (WAL)."""
