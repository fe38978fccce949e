"""The statements of a search on an SQLite connection, with the access that `plan` chooses."""

import json
import sqlite3
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice

from rentomatic.domain.geography import Circle
from rentomatic.domain.room import Room
from rentomatic.domain.search import Field, RoomQuery, SortKey
from rentomatic.repository.by_hand import Values
from rentomatic.repository.keyset import segments
from rentomatic.repository.sql import (
    ANYTHING,
    COLUMNS,
    ROOM_COLUMNS,
    Sql,
    all_of,
    order_sql,
    row_sql,
    segment_sql,
)
from rentomatic.repository.sqlite.meter import Meter, TooFar
from rentomatic.repository.sqlite.nearest import nearest_rooms
from rentomatic.repository.sqlite.plan import (
    ANY_WAY,
    Access,
    boxes_in_tree,
    by_id,
    by_sort,
    cheapest_without_narrow,
    narrowest,
)
from rentomatic.repository.sqlite.rows import room_of
from rentomatic.repository.sqlite.words import filters, require_few_pending
from rentomatic.use_cases.errors import NotQuick

QUICK = 30_000
"""Steps of a quick walk: up to about 7,500 rooms along an index, in 5 to 30 ms of processor time."""

FURTHER = 2
FURTHER_OUTWARDS = 4
"""How many times as far an expensive search walks: along an index, or outwards from a point.

By then, reading a million rooms takes hardly longer; measuring all their distances takes twice as long.
"""


def room_of_code(connection: sqlite3.Connection, code: str) -> Room | None:
    """The room of that code."""
    row = row_of_code(connection, code)
    return room_of(row) if row else None


def row_of_code(connection: sqlite3.Connection, code: str) -> Values | None:
    """Return the row with the code."""
    statement = row_sql(code)
    row: Values | None = connection.execute(statement.text, statement.values).fetchone()
    return row


def rooms_of_codes(connection: sqlite3.Connection, codes: list[str]) -> dict[str, Room]:
    """Return the rooms of the codes, by code."""
    statement = f"SELECT {ROOM_COLUMNS} FROM room WHERE code IN (SELECT value FROM json_each(?))"
    found = connection.execute(statement, (json.dumps(codes),)) if codes else ()
    return {room.code: room for room in map(room_of, found)}


def first_rooms(
    connection: sqlite3.Connection,
    query: RoomQuery,
    wanted: int,
    meter: Meter | None = None,
    *,
    quick: bool = False,
) -> list[Room]:
    """Return the first `wanted` rooms in the order of the search, from `after` on.

    meter: counts the steps of statements on the connection.
    quick: raise NotQuick if a walk of `QUICK` steps does not fill the page, or if many rooms are pending.
        Raises OutOfTime.
    """
    if quick:
        require_few_pending(connection, query)
    if access := narrowest(connection, query):
        return _sorted(connection, query, access, wanted)
    walk = _outwards if query.sort.key is SortKey.DISTANCE else _along_index
    meter = meter or Meter()
    try:
        with meter.at_most(QUICK if quick else _furthest(query)):
            return walk(connection, query, wanted, meter)
    except TooFar as error:
        if quick:
            raise NotQuick from error
    return _sorted(connection, query, cheapest_without_narrow(connection, query), wanted)


def all_rooms(connection: sqlite3.Connection, query: RoomQuery) -> Generator[Room, None, None]:
    """Yield every room of the search in its order, reading lazily."""
    access = narrowest(connection, query)
    if query.sort.key is SortKey.DISTANCE:
        # SQLite sorts in a temporary file what exceeds its cache.
        runs, access = [(ANYTHING, _order(query))], access or ANY_WAY
    else:
        runs = [(segment_sql(segment), order_sql(segment)) for segment in segments(query)]
        access = access or by_sort(query)
    for part, order in runs:
        with closing(_select(connection, query, access, part, order)) as rows:
            yield from map(room_of, rows)


def _select(
    connection: sqlite3.Connection,
    query: RoomQuery,
    access: Access,
    part: Sql = ANYTHING,
    order: str = "NULL",
    limit: int = -1,
) -> sqlite3.Cursor:
    """Select a part of the matching rooms; a limit of -1 is no limit."""
    # The part first: of several bounds on one column, SQLite starts an index at the first.
    where = all_of((part, access.where, filters(query)))
    return connection.execute(
        f"SELECT {ROOM_COLUMNS} FROM {access.table} WHERE {where.text} ORDER BY {order} LIMIT ?",
        (*where.values, limit),
    )


def _furthest(query: RoomQuery) -> int:
    """Return the number of steps after which a walk ends and all rooms are read instead."""
    if query.sort.key is not SortKey.DISTANCE:
        return FURTHER * QUICK
    # If every room on the way outwards is on the page, no walk could be shorter.
    around = all(isinstance(area, Circle) and area.centre == query.near for area in query.areas)
    return sys.maxsize if around and not (query.conditions or query.words) else FURTHER_OUTWARDS * QUICK


def _sorted(connection: sqlite3.Connection, query: RoomQuery, access: Access, wanted: int) -> list[Room]:
    """Return the first `wanted` rooms by reading everything that the access gives and sorting it."""
    return [*map(room_of, _select(connection, query, access, _after(query), _order(query), wanted))]


def _along_index(connection: sqlite3.Connection, query: RoomQuery, wanted: int, _: Meter) -> list[Room]:
    """Return the first `wanted` rooms by walking the index of the sort."""
    rooms: list[Room] = []
    for segment in segments(query):
        part, order = segment_sql(segment), order_sql(segment)
        rows = _select(connection, query, by_sort(query), part, order, wanted - len(rooms))
        rooms += map(room_of, rows)
        if len(rooms) == wanted:
            break
    return rooms


def _outwards(connection: sqlite3.Connection, query: RoomQuery, wanted: int, meter: Meter) -> list[Room]:
    """Return the nearest `wanted` rooms by walking the R*Tree outwards."""

    def rooms_of(ids: list[int]) -> Iterator[Room]:
        return map(room_of, _select(connection, query, by_id(ids)))

    return list(islice(nearest_rooms(connection, query, boxes_in_tree(query), rooms_of, meter), wanted))


def _order(query: RoomQuery) -> str:
    """Return the order of the search, for ORDER BY."""
    if query.sort.key is SortKey.DISTANCE:
        return f"{_distance(query)}, code"
    column, direction = COLUMNS[Field(query.sort.key)], "DESC" if query.sort.descending else "ASC"
    return f"{column} {direction} NULLS LAST, code"


def _after(query: RoomQuery) -> Sql:
    """Return the condition for rooms after `after`."""
    if query.after is None:
        return ANYTHING
    if query.sort.key is SortKey.DISTANCE:
        return Sql(f"({_distance(query)}, code) > (?, ?)", (query.after.value, query.after.code))
    parts = [*map(segment_sql, segments(query))]
    either = " OR ".join(f"({part.text})" for part in parts)
    return Sql(f"({either})", tuple(value for part in parts for value in part.values))


def _distance(query: RoomQuery) -> str:
    """Return the distance in metres from the search's point. Both Python's repr and SQL keep floats exact."""
    near = query.origin
    return f"distance({near.latitude!r}, {near.longitude!r}, latitude, longitude)"
