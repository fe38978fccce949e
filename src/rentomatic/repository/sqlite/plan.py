"""How a search runs on SQLite: which index is read, and in which order.

A filter is *narrow* when at most `NARROW` rooms meet it (ten times as many where SQLite itself can
sort them), found out by counting that far along its index. The narrowest such filter is read
whole, checked and sorted. Without one, the index of the sort is walked from where the page starts
until the page is full. Either way the work does not depend on how many rooms there are nor on how
deep the page lies, unless the rooms of a wide filter stand late in the order. SQLite's own planner
cannot know how many rooms a range holds, so every statement names its index.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import Field, Operator, RoomQuery, Sort, SortKey
from rentomatic.repository.areas import WHOLE_EARTH, boxes_around
from rentomatic.repository.sql import ANYTHING, Sql, all_of, condition_sql, ranges
from rentomatic.repository.sqlite.sampling import rooms_about

NARROW = 2000
MEMBERS = 50_000
"""Rooms of an area that are noted before a walk along an order, in the time of some thousand steps."""

_MARGIN = 1e-9
"""Degrees."""

_SMALL_PART = 20
"""One in so many rooms."""

_SCATTERED = "(id % 2147483647 * 48271 % 2147483647) * (id % 2147483647 * 48271 % 2147483647) % 2147483647"
"""A number by which ids are drawn as if by lot, whatever order the rooms came in.

The ids themselves, and any multiple of them, would draw all rooms of one town out of several that were loaded
in turn; a square modulo a prime does not. No product exceeds 64 bits, whatever the id.
"""

_FIELD_INDEXES = {Field.CODE: "room_code", Field.PRICE: "room_price", Field.SIZE: "room_size"}

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
    """A way to the rooms that may match: a table with the index to use, and a range of it."""

    table: str
    where: Sql


WHOLE_TABLE = Access("room", ANYTHING)
"""By whichever way SQLite chooses."""


def by_sort(query: RoomQuery) -> Access:
    """By the index that has the order of the search, in the range left by conditions on its field."""
    conditions = ranges(query, Field(query.sort.key))
    return Access(f"room INDEXED BY {_SORT_INDEXES[query.sort]}", all_of(map(condition_sql, conditions)))


def by_sort_in_places(connection: sqlite3.Connection, query: RoomQuery) -> Access:
    """The same for a page, where not too many rooms are in the boxes only along those that are there.

    What is dear in all of an area is a long walk from the cheapest room on: the index alone tells the way.
    """
    access, boxes = by_sort(query), boxes_in_tree(query)
    places = _places(boxes)
    if boxes == [WHOLE_EARTH] or _count(connection, places, MEMBERS + 1) > MEMBERS:
        return access
    inside = Sql(f"id IN ({places.text})", places.values)
    return Access(access.table, all_of((access.where, inside)))


def by_id(ids: list[int]) -> Access:
    """By the row ids."""
    return Access("room NOT INDEXED", Sql(f"id IN ({', '.join('?' * len(ids))})", tuple(ids)))


def by_place(boxes: list[BoundingBox]) -> Access:
    """By the R*Tree, in boxes none of which crosses the antimeridian."""
    places = _places(boxes)
    return Access("room NOT INDEXED", Sql(f"id IN ({places.text})", places.values))


def narrowest(connection: sqlite3.Connection, query: RoomQuery) -> Access | None:
    """The way to the fewest rooms, None where every filter may leave more than `NARROW`."""
    if ranges(query, Field.CODE, frozenset({Operator.EQ, Operator.IN})):
        return _by_field(Field.CODE, query)
    # SQLite sorts ten times as many rooms by a field in the time that Python sorts them by distance.
    found = _fewest(connection, query, NARROW if query.sort.key is SortKey.DISTANCE else 10 * NARROW)
    return found and found[0]


def thinned(
    connection: sqlite3.Connection, query: RoomQuery, read: int, seen: int, passed: int
) -> tuple[Access, int] | None:
    """The way to about `read` rooms at most, and the number of rooms for each of which it leads to one.

    That is 1 where few rooms meet a filter, else some are left out by their ids: an index alone tells which.
    None where every filter may leave more than `seen`, or is found out only by passing more than `passed`.
    """
    if ranges(query, Field.CODE, frozenset({Operator.EQ, Operator.IN})):
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
    """The way to read every room that matches.

    A place is looked up in the R*Tree while it holds a small part of all rooms. Beyond that, reading
    the table from its start to its end is faster than jumping to each of them. What asks for price and
    size alone is answered from an index that has both, which SQLite chooses by itself.
    """
    access = narrowest(connection, query)
    if access:
        return access
    boxes = boxes_in_tree(query)
    if boxes == [WHOLE_EARTH] and not query.areas:
        return WHOLE_TABLE
    most = rooms_about(connection) // _SMALL_PART
    if _count(connection, _places(boxes), most + 1) <= most:
        return by_place(boxes)
    return Access("room NOT INDEXED", ANYTHING)


def _by_field(field: Field, query: RoomQuery) -> Access:
    conditions = ranges(query, field)
    return Access(f"room INDEXED BY {_FIELD_INDEXES[field]}", all_of(map(condition_sql, conditions)))


def _filters_to_probe(query: RoomQuery) -> Iterator[tuple[Access, Sql, Sql | None]]:
    """Each filter that may turn out to be narrow, how to find its rooms in an index alone, what is passed.

    That is the ids that are passed on the way to its rooms, None where those are all.
    """
    by_price, by_size = ranges(query, Field.PRICE), ranges(query, Field.SIZE)
    if by_price and by_size:  # each may be common while both together are rare; the index has both
        both = all_of(map(condition_sql, (*by_price, *by_size)))
        access = Access(f"room INDEXED BY {_FIELD_INDEXES[Field.PRICE]}", both)
        yield access, _ids(access), _ids(_by_field(Field.PRICE, query))
    else:
        for field, conditions in ((Field.PRICE, by_price), (Field.SIZE, by_size)):
            if conditions and field.value != query.sort.key.value:
                access = _by_field(field, query)
                yield access, _ids(access), None
    if (boxes := boxes_in_tree(query)) != [WHOLE_EARTH]:
        yield by_place(boxes), _places(boxes), None


def _fewest(
    connection: sqlite3.Connection, query: RoomQuery, most: int, passed: int | None = None
) -> tuple[Access, Sql, int] | None:
    """The filter that leaves the fewest rooms, their ids and number; None where all leave too many.

    passed: filters that are found out only by passing more ids than that are left alone.
    """
    best = None
    for access, ids, on_the_way in _filters_to_probe(query):
        if passed and on_the_way and _count(connection, on_the_way, passed + 1) > passed:
            continue
        rooms = _count(connection, ids, most + 1)
        if rooms <= most:
            best, most = (access, ids, rooms), rooms
    return best


def _count(connection: sqlite3.Connection, ids: Sql, at_most: int) -> int:
    """How many there are, counted no further than the bound."""
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
    """The boxes of the query, wider by far less than a room: 32 bits cannot round 1e-73 outwards."""
    return [_widened(box) for box in boxes_around(query)]


def _widened(box: BoundingBox) -> BoundingBox:
    return BoundingBox(
        max(box.west - _MARGIN, -180.0),
        max(box.south - _MARGIN, -90.0),
        min(box.east + _MARGIN, 180.0),
        min(box.north + _MARGIN, 90.0),
    )
