"""Loads many rooms into SQLite.

The rooms are staged in SQLite's temporary database: a file of the connection's own, in the folder for
temporary files, that is removed with the connection or its process. Only then is the storage locked, compared
and changed. Readers never wait.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from rentomatic.domain.room import Room, values_of
from rentomatic.repository.sql import BESIDE_CODE, MARKS, ROOM_COLUMNS, values_in
from rentomatic.repository.sqlite import indexes
from rentomatic.repository.sqlite.words import PENDING, words_of_room
from rentomatic.use_cases.errors import ConflictError
from rentomatic.use_cases.ports import LoadCounts, OnConflict

_BULK = 20_000


_INCOMING = f"""
    CREATE TEMPORARY TABLE incoming
    (number INTEGER PRIMARY KEY, code TEXT, {", ".join(BESIDE_CODE)}, words)
"""
_ADD = f"INSERT INTO incoming ({ROOM_COLUMNS}, words) VALUES ({MARKS}, ?)"
_BY_CODE = "CREATE INDEX temp.incoming_code ON incoming (code)"

# Rooms of the load whose code came earlier in it, and the earlier room that counts: with REPLACE the last one
# before it, else the first.
_REPEATED = """
    CREATE TEMPORARY TABLE repeated AS
    SELECT number, earlier FROM (
        SELECT number, {earlier} AS earlier FROM incoming WINDOW turn AS (PARTITION BY code ORDER BY number)
    ) WHERE earlier < number
"""
_REPEATED_LAST = _REPEATED.format(earlier="lag(number) OVER turn")
_REPEATED_FIRST = _REPEATED.format(earlier="first_value(number) OVER turn")
_REPEATED_BY_NUMBER = "CREATE UNIQUE INDEX temp.repeated_number ON repeated (number)"

# What a room of the load meets under its code: the stored room, or an earlier room of the load.
_COMPARE = f"""
    SELECT count(*) FILTER (WHERE NOT met), count(*) FILTER (WHERE met AND NOT same),
        count(*) FILTER (WHERE met AND same), min(number) FILTER (WHERE met AND NOT same)
    FROM (
        SELECT incoming.number, (room.id IS NOT NULL OR earlier.number IS NOT NULL) AS met,
            CASE WHEN {{room_is_met}} THEN {values_in("incoming")} IS {values_in("room")}
                ELSE {values_in("incoming")} IS {values_in("earlier")} END AS same
        FROM incoming
            LEFT JOIN repeated ON repeated.number = incoming.number
            LEFT JOIN incoming AS earlier ON earlier.number = repeated.earlier
            LEFT JOIN room ON room.code = incoming.code
    )
"""
_COMPARE_LAST = _COMPARE.format(room_is_met="earlier.number IS NULL")
_COMPARE_FIRST = _COMPARE.format(room_is_met="room.id IS NOT NULL")

# Of several rooms with one code the last one is kept, or the first. None is inserted and then updated: while
# the triggers of new rooms are dropped, the indexes of places and words lack what those of updates remove.
_WRITE = f"""
    INSERT INTO room ({ROOM_COLUMNS}, words)
    SELECT {ROOM_COLUMNS}, words FROM incoming WHERE {{counts}} ORDER BY number
    ON CONFLICT (code)
"""
_LAST = "number NOT IN (SELECT earlier FROM repeated)"
_WRITE_LAST = f"""
    {_WRITE.format(counts=_LAST)}
    DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in (*BESIDE_CODE, "words"))}
    WHERE {values_in("room")} IS NOT {values_in("excluded")}
"""
_WRITE_FIRST = f"{_WRITE.format(counts='true')} DO NOTHING"

# A trigger has removed the words of a room whose texts changed and whose words did not.
_READ = f"""
    UPDATE room SET words = (SELECT words FROM incoming WHERE incoming.code = room.code AND {_LAST})
    WHERE id IN ({PENDING} AND EXISTS (SELECT 1 FROM incoming WHERE incoming.code = room.code))
"""

_OTHERS = "FROM room WHERE NOT EXISTS (SELECT 1 FROM incoming WHERE incoming.code = room.code)"


def stage(connection: sqlite3.Connection, rooms: Iterable[Room], on_conflict: OnConflict) -> None:
    """Copy the rooms into the temporary database, once for each connection.

    Holds no lock of the storage, however slowly the rooms arrive.
    """
    replaces = on_conflict is OnConflict.REPLACE
    connection.execute("BEGIN")  # in the temporary database: no statement below touches the storage
    connection.execute(_INCOMING)
    connection.executemany(_ADD, ((*values_of(room), words_of_room(room)) for room in rooms))
    connection.execute(_BY_CODE)
    connection.execute(_REPEATED_LAST if replaces else _REPEATED_FIRST)
    connection.execute(_REPEATED_BY_NUMBER)
    connection.execute("COMMIT")


def apply(
    connection: sqlite3.Connection, on_conflict: OnConflict, *, keep: bool = True, exactly: bool = False
) -> LoadCounts:
    """Write the staged rooms within the caller's transaction, and count what changes.

    keep: whether to write anything. exactly: also remove all other rooms.
    Raises ConflictError if `on_conflict` is FAIL and a different room has the code.
    """
    replaces = on_conflict is OnConflict.REPLACE
    compare = _COMPARE_LAST if replaces else _COMPARE_FIRST
    added, differing, unchanged, first = connection.execute(compare).fetchone()
    if differing and on_conflict is OnConflict.FAIL:
        (code,) = connection.execute("SELECT code FROM incoming WHERE number = ?", (first,)).fetchone()
        raise ConflictError(code)
    changed = added + (differing if replaces else 0)
    with _indexes_for(connection, changed if keep else 0):
        if keep and changed:
            connection.execute(_WRITE_LAST if replaces else _WRITE_FIRST)
        removed = _remove_others(connection, keep=keep) if exactly else 0
    if keep and replaces:
        connection.execute(_READ)
    return LoadCounts(
        added=added,
        replaced=differing if replaces else 0,
        unchanged=unchanged,
        skipped=0 if replaces else differing,
        removed=removed,
    )


def _remove_others(connection: sqlite3.Connection, *, keep: bool) -> int:
    if keep:
        return connection.execute(f"DELETE {_OTHERS}").rowcount
    (others,) = connection.execute(f"SELECT count(*) {_OTHERS}").fetchone()
    return int(others)


def _indexes_for(connection: sqlite3.Connection, changed: int) -> AbstractContextManager[None]:
    """Update the indexes room by room, or all at the end if many rooms change."""
    (present,) = connection.execute("SELECT count(*) FROM room").fetchone()
    return indexes.rebuilt_at_the_end(connection) if changed > max(_BULK, present // 4) else nullcontext()
