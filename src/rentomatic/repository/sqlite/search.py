"""The statements of a search on an SQLite connection, by the ways that `plan` finds."""

import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from operator import itemgetter

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery, SortKey
from rentomatic.repository.keyset import segments
from rentomatic.repository.sql import (
    ANYTHING,
    ROOM_COLUMNS,
    Sql,
    all_of,
    filters,
    order_sql,
    room_of,
    segment_sql,
)
from rentomatic.repository.sqlite.nearest import nearest_rooms
from rentomatic.repository.sqlite.plan import (
    WHOLE_TABLE,
    Access,
    boxes_in_tree,
    by_id,
    by_sort,
    by_sort_in_places,
    narrowest,
)


def room_of_code(connection: sqlite3.Connection, code: str) -> Room | None:
    """The room of that code."""
    row = connection.execute(f"SELECT {ROOM_COLUMNS} FROM room WHERE code = ?", (code,)).fetchone()
    return room_of(row) if row else None


def first_rooms(
    connection: sqlite3.Connection,
    query: RoomQuery,
    wanted: int,
    expired: Callable[[], bool] = lambda: False,
) -> list[Room]:
    """The first so many rooms in the order of the search, from `after` on.

    Raises TimeoutError when the time is up.
    """
    access = narrowest(connection, query)
    if query.sort.key is SortKey.DISTANCE:
        return _nearest(connection, query, access, wanted, expired)
    rooms: list[Room] = []
    access = access or by_sort_in_places(connection, query)
    for segment in segments(query):
        part, order = segment_sql(segment), order_sql(segment)
        rows = _select(connection, query, access, part, order, wanted - len(rooms))
        rooms += map(room_of, rows)
        if len(rooms) == wanted:
            break
    return rooms


def all_rooms(connection: sqlite3.Connection, query: RoomQuery) -> Generator[Room, None, None]:
    """Every room of the search in its order, read as it is asked for."""
    access = narrowest(connection, query)
    if query.sort.key is SortKey.DISTANCE:
        # SQLite sorts what does not fit into its cache in a temporary file.
        runs, access = [(ANYTHING, _by_distance(query))], access or WHOLE_TABLE
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
    """The rows of a part of the matches; a limit of -1 is none."""
    where = all_of((access.where, part, filters(query)))
    return connection.execute(
        f"SELECT {ROOM_COLUMNS} FROM {access.table} WHERE {where.text} ORDER BY {order} LIMIT ?",
        (*where.values, limit),
    )


def _by_distance(query: RoomQuery) -> str:
    """The whole order of a search by distance. A float's repr is exact, and SQL as well."""
    near = query.origin
    return f"distance({near.latitude!r}, {near.longitude!r}, latitude, longitude), code"


def _nearest(
    connection: sqlite3.Connection,
    query: RoomQuery,
    access: Access | None,
    wanted: int,
    expired: Callable[[], bool],
) -> list[Room]:
    """The nearest rooms from `after` on: along a narrow filter, else by the R*Tree."""
    if access:
        rooms = map(room_of, _select(connection, query, access))
        return _after_sorted(query, rooms)[:wanted]

    def rooms_of(ids: list[int]) -> Iterator[Room]:
        return map(room_of, _select(connection, query, by_id(ids)))

    found = nearest_rooms(connection, query, boxes_in_tree(query), rooms_of, expired)
    return list(islice(found, wanted))


def _after_sorted(query: RoomQuery, rooms: Iterable[Room]) -> list[Room]:
    """The rooms after `after`, in the order of the search."""
    keyed = [(query.order_key(query.position(room)), room) for room in rooms]
    if query.after:
        end = query.order_key(query.after)
        keyed = [(key, room) for key, room in keyed if key > end]
    return [room for _, room in sorted(keyed, key=itemgetter(0))]
