"""The baselines of imports and exports with PostgreSQL: `python -m benchmarks.postgres_bare`.

        copy FILE URL       COPY a listing into the table of rooms, keeping indexes and constraints
        rebuild FILE URL    the same without the indexes that no constraint needs, which are created at the
    end
        heap FILE URL       COPY it into a table without indexes
        select URL FILE     COPY all rooms to a listing, by code
        unsorted URL FILE   the same in the order in which they are stored

Rooms are not compared with existing ones.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

_COLUMNS = "code, size, price, latitude, longitude"
_BLOCK = 1 << 18
_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = 'room' AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


def copy(path: str, url: str) -> None:
    with psycopg.connect(url) as connection:
        _copy(connection, path, "room")


def rebuild(path: str, url: str) -> None:
    with psycopg.connect(url) as connection:
        resting = connection.execute(_INDEXES).fetchall()
        for name, _ in resting:
            connection.execute(f"DROP INDEX {name}".encode())
        _copy(connection, path, "room")
        for _, statement in resting:
            connection.execute(statement.encode())


def heap(path: str, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TABLE heap AS SELECT {_COLUMNS} FROM room WHERE false".encode())
        _copy(connection, path, "heap")


def select(url: str, path: str, order: str = "ORDER BY code") -> None:
    with psycopg.connect(url) as connection, Path(path).open("wb") as file:
        statement = f"COPY (SELECT {_COLUMNS} FROM room {order}) TO STDOUT (FORMAT csv, HEADER)"
        with connection.cursor().copy(statement.encode()) as rows:
            file.writelines(rows)


def unsorted(url: str, path: str) -> None:
    select(url, path, order="")


def _copy(connection: psycopg.Connection[Any], path: str, table: str) -> None:
    statement = f"COPY {table} ({_COLUMNS}) FROM STDIN (FORMAT csv, HEADER)"
    with Path(path).open("rb") as file, connection.cursor().copy(statement.encode()) as rows:
        while block := file.read(_BLOCK):
            rows.write(block)


WAYS: dict[str, Callable[..., None]] = {
    "copy": copy,
    "rebuild": rebuild,
    "heap": heap,
    "select": select,
    "unsorted": unsorted,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](*sys.argv[2:])
