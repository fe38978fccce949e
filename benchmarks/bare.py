"""The baselines of imports and exports, as a separate program: `python -m benchmarks.bare`.

        csv FILE              only read a listing
        insert FILE URL       insert its lines with executemany, in one transaction, keeping the indexes
        rebuild FILE URL      the same without indexes and R*Tree, which are created at the end
        select URL FILE       write all rooms to a listing, by code
        unsorted URL FILE     the same in the order in which they are stored

A URL names an SQLite file, sqlite:///….

Nothing is checked, and rooms are not compared with existing ones.
"""

import csv
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.connection import LOAD_CACHE, connect

_INSERT = "INSERT INTO room (code, size, price, latitude, longitude) VALUES (?, ?, ?, ?, ?)"
_INDEXES = """
    SELECT type, name, sql FROM sqlite_schema
    WHERE tbl_name = 'room' AND type IN ('index', 'trigger') AND sql IS NOT NULL
"""
_PLACES = "INSERT INTO room_place SELECT id, longitude, longitude, latitude, latitude FROM room"
_ROOMS = "SELECT code, size, price, latitude, longitude FROM room"


def read(path: str) -> None:
    deque(_rows(path), maxlen=0)


def insert(path: str, url: str) -> None:
    with closing(connect(_file(url), LOAD_CACHE)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, _values(path))
        connection.execute("COMMIT")


def rebuild(path: str, url: str) -> None:
    with closing(connect(_file(url), LOAD_CACHE)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        resting = connection.execute(_INDEXES).fetchall()
        for kind, name, _ in resting:
            connection.execute(f"DROP {kind} {name}")
        connection.executemany(_INSERT, _values(path))
        connection.execute(_PLACES)
        for _, _, statement in resting:
            connection.execute(statement)
        connection.execute("COMMIT")


def select(url: str, path: str, order: str = "ORDER BY code") -> None:
    with closing(connect(_file(url))) as connection, Path(path).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("code", "size", "price", "latitude", "longitude"))
        writer.writerows(connection.execute(f"{_ROOMS} {order}"))


def unsorted(url: str, path: str) -> None:
    select(url, path, order="NOT INDEXED")


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _rows(path: str) -> Iterator[list[str]]:
    with Path(path).open(newline="") as file:
        yield from csv.reader(file)


def _values(path: str) -> Iterator[tuple[object, ...]]:
    rows = _rows(path)
    next(rows)
    for code, size, price, latitude, longitude in rows:
        yield code, int(size) if size else None, int(price), float(latitude), float(longitude)


WAYS: dict[str, Callable[..., None]] = {
    "csv": read,
    "insert": insert,
    "rebuild": rebuild,
    "select": select,
    "unsorted": unsorted,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](*sys.argv[2:])
