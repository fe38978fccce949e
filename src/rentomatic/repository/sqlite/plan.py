"""How a search runs on SQLite: which index is read, and in which order.

A filter is *narrow* if at most `NARROW` rooms meet it (five times as many if the sort is not by distance),
counted along its index up to that number. The narrowest filter is read whole, checked and sorted. If no
filter is narrow, the order of the search is walked from the start of the page, along its index or outwards
from a point, until the page is full. Either way the work does not depend on the number of rooms or the depth
of the page. If the matches of a wide filter come late in the order, the walk ends after a number of steps and
the whole table is read in sequence, which is faster then. SQLite's planner cannot know how many rooms a range
holds, so every statement names its index.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from rentomatic.domain.fields import INDEXED
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import Field, Operator, RoomQuery, Sort, SortKey
from rentomatic.repository.areas import WHOLE_EARTH, boxes_around
from rentomatic.repository.sql import ANYTHING, Sql, all_of, condition_sql, ranges
from rentomatic.repository.sqlite.sampling import rooms_about
from rentomatic.repository.sqlite.words import ids_with_features, said_ids

NARROW = 2000
PASSED = 100_000
"""The most rooms of a price range to pass while looking for sizes too; this takes a few milliseconds."""

_MARGIN = 1e-9
"""Degrees."""

_SMALL_PART = 20
"""A small part of all rooms is at most one in this many."""

_SCATTERED = "(id % 2147483647 * 48271 % 2147483647) * (id % 2147483647 * 48271 % 2147483647) % 2147483647"
"""A pseudo-random number for an id, to draw rooms whatever order they were loaded in.

Ids themselves, or multiples of them, would draw all rooms of one town if several towns were loaded in turn; a
square modulo a prime does not. No product exceeds 64 bits, whatever the id.
"""

_FIELD_INDEXES = {field: f"room_{field}" for field in INDEXED}

_LISTED = frozenset({Operator.EQ, Operator.IN})
"""Operators that match at most as many codes as they list."""

_SORT_INDEXES = {
    Sort(SortKey.CODE): "room_code",
    Sort(SortKey.CODE, descending=True): "room_code",
    Sort(SortKey.PRICE): "room_price",
    Sort(SortKey.PRICE, descending=True): "room_price_descending",
    Sort(SortKey.SIZE): "room_size",
    Sort(SortKey.SIZE, descending=True): "room_size_descending",
}


@dataclass(frozen=True, slots=True)
class Access:
    """How to read the rooms that may match: a table with the index to use, and a range of it."""

    table: str
    where: Sql


WHOLE_TABLE = Access("room NOT INDEXED", ANYTHING)
"""Reads the table from start to end."""

ANY_WAY = Access("room", ANYTHING)
"""Lets SQLite choose."""


def by_sort(query: RoomQuery) -> Access:
    """Read the index with the search's order, in the range given by conditions on its field."""
    conditions = ranges(query, Field(query.sort.key))
    return Access(f"room INDEXED BY {_SORT_INDEXES[query.sort]}", all_of(map(condition_sql, conditions)))


def by_id(ids: list[int]) -> Access:
    """Read rooms by their row ids."""
    return Access("room NOT INDEXED", Sql(f"id IN ({', '.join('?' * len(ids))})", tuple(ids)))


def by_place(boxes: list[BoundingBox]) -> Access:
    """Read the R*Tree, in boxes none of which crosses the antimeridian."""
    places = _places(boxes)
    return Access("room NOT INDEXED", Sql(f"id IN ({places.text})", places.values))


def narrowest(connection: sqlite3.Connection, query: RoomQuery) -> Access | None:
    """Return the access that reads the fewest rooms, None if every filter leaves many.

    Many are more than `NARROW`, or five times as many unless the search is sorted by distance. Listed codes
    are taken without counting.
    """
    if ranges(query, Field.CODE, _LISTED):
        return _by_field(Field.CODE, query)
    # A walk outwards from a point finds a page sooner than it takes to measure as many distances.
    found = _fewest(connection, query, NARROW if query.sort.key is SortKey.DISTANCE else 5 * NARROW, PASSED)
    return found and found[0]


def thinned(
    connection: sqlite3.Connection, query: RoomQuery, read: int, seen: int, passed: int
) -> tuple[Access, int] | None:
    """Return an access to about `read` rooms at most, and n if it reads one of every n matching rooms.

    n is 1 if few rooms meet a filter; otherwise rooms are left out by their ids, which come from an index
    alone. None if every filter may leave more than `seen` rooms, or if finding out passes more than `passed`.
    """
    if ranges(query, Field.CODE, _LISTED):
        return _by_field(Field.CODE, query), 1
    found = _fewest(connection, query, seen, passed)
    if found is None:
        return None
    access, ids, rooms = found
    every = max(1, -(-rooms // read))
    if every == 1:
        return access, 1
    some = f"id IN (SELECT id FROM ({ids.text}) WHERE {_SCATTERED} % {every} = 0)"
    return Access("room NOT INDEXED", Sql(some, ids.values)), every


def cheapest_for_all(connection: sqlite3.Connection, query: RoomQuery) -> Access:
    """Return the fastest access to all matching rooms."""
    return narrowest(connection, query) or cheapest_without_narrow(connection, query)


def cheapest_without_narrow(connection: sqlite3.Connection, query: RoomQuery) -> Access:
    """Return the same if `narrowest` found none.

    Areas are looked up in the R*Tree if they hold a small part of all rooms. Otherwise reading the whole
    table in sequence is faster than jumping to each room. A query for price and size alone is answered from
    an index with both, which SQLite chooses by itself.
    """
    boxes = boxes_in_tree(query)
    if boxes == [WHOLE_EARTH] and not query.areas:
        in_texts = query.words or any(c.operator is Operator.ALL for c in query.conditions)
        return WHOLE_TABLE if in_texts else ANY_WAY
    most = rooms_about(connection) // _SMALL_PART
    if _count(connection, _places(boxes), most + 1) <= most:
        return by_place(boxes)
    return WHOLE_TABLE


def _by_field(field: Field, query: RoomQuery) -> Access:
    conditions = ranges(query, field)
    return Access(f"room INDEXED BY {_FIELD_INDEXES[field]}", all_of(map(condition_sql, conditions)))


def _ways(query: RoomQuery) -> Iterator[tuple[Access, Sql]]:
    """Yield, for each filter, the access to its rooms, and SQL that reads their ids from an index."""
    for field in _FIELD_INDEXES:
        if ranges(query, field) and field.value != query.sort.key.value:  # else walking is as fast
            access = _by_field(field, query)
            yield access, _ids(access)
    if (boxes := boxes_in_tree(query)) != [WHOLE_EARTH]:
        yield by_place(boxes), _places(boxes)
    for ids in said_ids(query):
        yield _by_ids(ids), ids


def _fewest(
    connection: sqlite3.Connection, query: RoomQuery, most: int, passed: int
) -> tuple[Access, Sql, int] | None:
    """Return the access to the fewest rooms, SQL for their ids, and their number; None if all are too many.

    passed: the most ids of a price range to pass while looking for sizes too.
    """
    best = None
    for access, ids in _ways(query):
        rooms = _count(connection, ids, most + 1)
        if rooms <= most:
            best, most = (access, ids, rooms), rooms
    if best is None or most > NARROW:
        together = _few_by_features(connection, query, most) or _few_by_both(connection, query, most, passed)
        best = together or best
    return best


def _few_by_features(
    connection: sqlite3.Connection, query: RoomQuery, most: int
) -> tuple[Access, Sql, int] | None:
    """Return the same for all words of the features together: each may be common, but all may be rare."""
    ids = ids_with_features(query)
    rooms = _count(connection, ids, most + 1) if ids else most + 1
    return (_by_ids(ids), ids, rooms) if ids and rooms <= most else None


def _by_ids(ids: Sql) -> Access:
    return Access("room NOT INDEXED", Sql(f"id IN ({ids.text})", ids.values))


def _few_by_both(
    connection: sqlite3.Connection, query: RoomQuery, most: int, passed: int
) -> tuple[Access, Sql, int] | None:
    """Return the same for conditions on price and size together: both may be common, but rare together."""
    by_price, by_size = ranges(query, Field.PRICE), ranges(query, Field.SIZE)
    if not (by_price and by_size):
        return None
    if _count(connection, _ids(_by_field(Field.PRICE, query)), passed + 1) > passed:
        return None
    both = all_of(map(condition_sql, (*by_price, *by_size)))
    access = Access(f"room INDEXED BY {_FIELD_INDEXES[Field.PRICE]}", both)  # it includes the sizes
    ids = _ids(access)
    rooms = _count(connection, ids, most + 1)
    return (access, ids, rooms) if rooms <= most else None


def _count(connection: sqlite3.Connection, ids: Sql, at_most: int) -> int:
    """Return the number of ids, at most `at_most`."""
    bounded = f"SELECT count(*) FROM ({ids.text} LIMIT ?)"
    return int(connection.execute(bounded, (*ids.values, at_most)).fetchone()[0])


def _ids(access: Access) -> Sql:
    return Sql(f"SELECT id FROM {access.table} WHERE {access.where.text}", access.where.values)


def _places(boxes: list[BoundingBox]) -> Sql:
    return Sql(
        " UNION ALL ".join(
            "SELECT id FROM room_place WHERE west <= ? AND east >= ? AND south <= ? AND north >= ?"
            for _ in boxes
        )
        or "SELECT id FROM room_place WHERE false",
        tuple(edge for box in boxes for edge in (box.east, box.west, box.north, box.south)),
    )


def boxes_in_tree(query: RoomQuery) -> list[BoundingBox]:
    """Return the query's boxes, slightly widened, because 32 bits cannot round 1e-73 outwards."""
    return [_widened(box) for box in boxes_around(query)]


def _widened(box: BoundingBox) -> BoundingBox:
    return BoundingBox(
        max(box.west - _MARGIN, -180.0),
        max(box.south - _MARGIN, -90.0),
        min(box.east + _MARGIN, 180.0),
        min(box.north + _MARGIN, 90.0),
    )
