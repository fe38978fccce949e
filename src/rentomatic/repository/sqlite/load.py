"""Many rooms at once into SQLite, within the transaction of the caller."""

import sqlite3
from collections.abc import Iterable
from itertools import islice

from rentomatic.domain.room import Room
from rentomatic.repository.merge import merge
from rentomatic.repository.sql import ROOM_COLUMNS, room_of
from rentomatic.use_cases.ports import LoadCounts, OnConflict

_BATCH = 1000
_BULK = 20_000

_UPSERT = """
    INSERT INTO room (code, size, price, latitude, longitude) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (code) DO UPDATE SET size = excluded.size, price = excluded.price,
        latitude = excluded.latitude, longitude = excluded.longitude
"""

_DEFERRED = """
    SELECT type, name, sql FROM sqlite_schema
    WHERE tbl_name = 'room' AND sql IS NOT NULL
        AND (type = 'index' AND name <> 'room_code' OR name = 'room_place_insert')
"""

# Not by id: behind the highest possible one, SQLite gives new rooms any ids that are free.
_FILL_PLACES = """
    INSERT INTO room_place
    SELECT id, longitude, longitude, latitude, latitude FROM room
    WHERE NOT EXISTS (SELECT 1 FROM room_place_rowid WHERE room_place_rowid.rowid = room.id)
"""

_GIVEN = "CREATE TEMPORARY TABLE given (code TEXT PRIMARY KEY) WITHOUT ROWID"
_REMOVE_OTHERS = "DELETE FROM room WHERE code NOT IN (SELECT code FROM given)"


def load(
    connection: sqlite3.Connection, rooms: Iterable[Room], on_conflict: OnConflict, *, exactly: bool = False
) -> LoadCounts:
    """Write the rooms in batches and tell what became of them. exactly: no other room is left."""
    counts = LoadCounts()
    (rooms_before,) = connection.execute("SELECT count(*) FROM room").fetchone()
    exactly = exactly and rooms_before > 0
    if exactly:
        connection.execute(_GIVEN)
    bulk: _BulkLoad | None = None
    iterator = iter(rooms)
    while batch := list(islice(iterator, _BATCH)):
        changed = merge(batch, _present(connection, batch), on_conflict, counts)
        rows = [(r.code, r.size, r.price, r.latitude, r.longitude) for r in changed.values()]
        connection.executemany(_UPSERT, rows)
        if exactly:
            connection.executemany("INSERT OR IGNORE INTO given VALUES (?)", [(r.code,) for r in batch])
        if bulk is None and counts.added + counts.replaced > max(_BULK, rooms_before // 4):
            bulk = _BulkLoad(connection)
    if exactly:
        counts.removed = connection.execute(_REMOVE_OTHERS).rowcount
        connection.execute("DROP TABLE given")
    if bulk:
        bulk.finish()
    return counts


class _BulkLoad:
    """From here on the indexes rest; they are made anew at the end.

    Writing a million rooms into every index as they come takes three times as long. All of it
    belongs to the transaction: nobody else ever sees the table without its indexes.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._resting = connection.execute(_DEFERRED).fetchall()
        for kind, name, _ in self._resting:
            connection.execute(f"DROP {kind} {name}")

    def finish(self) -> None:
        """Bring the indexes and the R*Tree up to date."""
        self._connection.execute(_FILL_PLACES)
        for _, _, statement in self._resting:
            self._connection.execute(statement)


def _present(connection: sqlite3.Connection, rooms: list[Room]) -> dict[str, Room]:
    """The rooms that are there already under one of the codes."""
    marks = ", ".join("?" * len(rooms))
    rows = connection.execute(
        f"SELECT {ROOM_COLUMNS} FROM room WHERE code IN ({marks})", [room.code for room in rooms]
    )
    return {room.code: room for room in map(room_of, rows)}
