"""The indexes of rooms in SQLite, during a load of many rooms.

Beside the indexes of the table there are the R*Tree of places and the full-text index of words. Triggers
maintain them room by room.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

_DEFERRED = """
    SELECT type, name, sql FROM sqlite_schema
    WHERE tbl_name = 'room' AND sql IS NOT NULL
        AND (type = 'index' AND name <> 'room_code' OR name IN ('room_place_insert', 'room_words_insert'))
"""

# A room that another program has removed by replacing it left its place behind, because SQLite calls no
# trigger then.
_REMOVE_LEFT_BEHIND = """
    DELETE FROM room_place WHERE id IN (
        SELECT rowid FROM room_place_rowid
        WHERE NOT EXISTS (SELECT 1 FROM room WHERE room.id = room_place_rowid.rowid)
    )
"""

# New rooms are those without a place: after the highest possible id, SQLite gives them any free ones. So
# their places come last. Words left behind under an id only cost time: the texts or words of the room decide.
_WITHOUT_PLACE = "NOT EXISTS (SELECT 1 FROM room_place_rowid WHERE room_place_rowid.rowid = room.id)"
_ADD_NEW = (
    f"""
    INSERT INTO room_words (rowid, words) SELECT id, words FROM room
    WHERE words <> '' AND {_WITHOUT_PLACE}
    """,
    f"""
    INSERT INTO room_place SELECT id, longitude, longitude, latitude, latitude FROM room
    WHERE {_WITHOUT_PLACE}
    """,
)


@contextmanager
def rebuilt_at_the_end(connection: sqlite3.Connection) -> Iterator[None]:
    """Drop the indexes and the triggers of new rooms during the context, and make up for them at its end.

    Writing a million rooms while maintaining every index takes three times as long. It all happens in the
    transaction: nobody sees the table without its indexes.
    """
    deferred = connection.execute(_DEFERRED).fetchall()
    for kind, name, _ in deferred:
        connection.execute(f"DROP {kind} {name}")
    connection.execute(_REMOVE_LEFT_BEHIND)
    yield
    for statement in (*_ADD_NEW, *(statement for _, _, statement in deferred)):
        connection.execute(statement)
