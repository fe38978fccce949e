"""How a search runs on SQLite: which index is read, and in which order.

A filter is *narrow* when at most `NARROW` rooms meet it (ten times as many where SQLite itself can
sort them), found out by counting that far along its index. The narrowest such filter is read
whole, checked and sorted. Without one, the index of the sort is walked from where the page starts
until the page is full. Either way the work does not depend on how many rooms there are nor on how
deep the page lies, unless the rooms of a wide filter stand late in the order. SQLite's own planner
cannot know how many rooms a range holds, so every statement names its index.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rentomatic.domain.geography import Area, BoundingBox, Circle
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery, Sort, SortKey
from rentomatic.repository.sql import Sql, all_of, condition_sql

NARROW = 2000
_SMALL_PART = 20
"""One in so many rooms."""

_MARGIN = 1e-9
"""Degrees."""

WHOLE_EARTH = BoundingBox(-180.0, -90.0, 180.0, 90.0)

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


WHOLE_TABLE = Access("room", Sql("true"))
"""By whichever way SQLite chooses."""


def by_sort(query: RoomQuery) -> Access:
    """By the index that has the order of the search, in the range left by conditions on its field."""
    conditions = _ranges(query, Field(query.sort.key))
    return Access(f"room INDEXED BY {_SORT_INDEXES[query.sort]}", all_of(map(condition_sql, conditions)))


def by_id(ids: list[int]) -> Access:
    """By the row ids."""
    return Access("room NOT INDEXED", Sql(f"id IN ({', '.join('?' * len(ids))})", tuple(ids)))


def by_place(boxes: list[BoundingBox]) -> Access:
    """By the R*Tree, in boxes none of which crosses the antimeridian."""
    places = _places(boxes)
    return Access("room NOT INDEXED", Sql(f"id IN ({places.text})", places.values))


def narrowest(connection: sqlite3.Connection, query: RoomQuery) -> Access | None:
    """The way to the fewest rooms, None where every filter may leave more than `NARROW`."""
    if _ranges(query, Field.CODE, frozenset({Operator.EQ, Operator.IN})):
        return _by_field(Field.CODE, query)
    # SQLite sorts ten times as many rooms by a field in the time that Python sorts them by distance.
    best, fewest = None, (NARROW if query.sort.key is SortKey.DISTANCE else 10 * NARROW) + 1
    for access, probe in _filters_to_probe(query):
        rooms = _count(connection, probe, fewest)
        if rooms < fewest:
            best, fewest = access, rooms
    return best


def cheapest_for_all(connection: sqlite3.Connection, query: RoomQuery) -> Access:
    """The way to read every room that matches.

    A place is looked up in the R*Tree while it holds a small part of all rooms. Beyond that, reading
    the table from its start to its end is faster than jumping to each of them. What asks for price and
    size alone is answered from an index that has both, which SQLite chooses by itself.
    """
    access = narrowest(connection, query)
    if access:
        return access
    boxes = boxes_around(query)
    if boxes == [WHOLE_EARTH] and not query.areas:
        return WHOLE_TABLE
    (highest,) = connection.execute("SELECT coalesce(max(id), 0) FROM room").fetchone()
    most = highest // _SMALL_PART
    if _count(connection, _places(boxes), most + 1) <= most:
        return by_place(boxes)
    return Access("room NOT INDEXED", Sql("true"))


def _by_field(field: Field, query: RoomQuery) -> Access:
    conditions = _ranges(query, field)
    return Access(f"room INDEXED BY {_FIELD_INDEXES[field]}", all_of(map(condition_sql, conditions)))


def _filters_to_probe(query: RoomQuery) -> Iterator[tuple[Access, Sql]]:
    """Each filter that may turn out to be narrow, and how to find its rooms in an index alone."""
    by_price, by_size = _ranges(query, Field.PRICE), _ranges(query, Field.SIZE)
    if by_price and by_size:  # each may be common while both together are rare; the index has both
        both = all_of(map(condition_sql, (*by_price, *by_size)))
        access = Access(f"room INDEXED BY {_FIELD_INDEXES[Field.PRICE]}", both)
        yield access, _ids(access)
    else:
        for field, conditions in ((Field.PRICE, by_price), (Field.SIZE, by_size)):
            if conditions and field.value != query.sort.key.value:
                access = _by_field(field, query)
                yield access, _ids(access)
    if (boxes := boxes_around(query)) != [WHOLE_EARTH]:
        yield by_place(boxes), _places(boxes)


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


def filters(query: RoomQuery) -> Sql:
    """All that must hold of a room."""
    return all_of((*map(condition_sql, query.conditions), *map(_area_sql, query.areas)))


def boxes_around(query: RoomQuery) -> list[BoundingBox]:
    """Boxes that hold every room in the areas, none of them crossing the antimeridian.

    Bounds on latitude and longitude count as an area. Empty where the areas have nothing in common.
    """
    boxes = [WHOLE_EARTH]
    for area in (*query.areas, *map(_band, query.conditions)):
        box = area.bounding_box() if isinstance(area, Circle) else area
        boxes = [both for one in boxes for part in box.parts() if (both := _intersection(one, part))]
    return [_widened(box) for box in boxes]


def _ranges(
    query: RoomQuery,
    field: Field,
    operators: frozenset[Operator] = frozenset(Operator) - {Operator.NE},
) -> list[Condition]:
    """The conditions that leave a range of the field's index."""
    return [c for c in query.conditions if c.field is field and c.operator in operators]


def _area_sql(area: Area) -> Sql:
    return _circle_sql(area) if isinstance(area, Circle) else _box_sql(area)


def _circle_sql(circle: Circle) -> Sql:
    """In the box around, and either in the box within or near enough: calculated only between the two."""
    centre = circle.centre
    near_enough = Sql(
        "distance(?, ?, latitude, longitude) <= ?", (centre.latitude, centre.longitude, circle.radius)
    )
    around, within = _box_sql(circle.bounding_box()), circle.inner_box()
    if within is None:
        return all_of((around, near_enough))
    inside = _box_sql(within)
    either = Sql(f"({inside.text} OR {near_enough.text})", (*inside.values, *near_enough.values))
    return all_of((around, either))


def _box_sql(box: BoundingBox) -> Sql:
    across = "AND" if box.west <= box.east else "OR"
    return Sql(
        f"latitude BETWEEN ? AND ? AND (longitude >= ? {across} longitude <= ?)",
        (box.south, box.north, box.west, box.east),
    )


_BANDS: dict[tuple[Field, Operator], Callable[[float], BoundingBox]] = {
    (Field.LATITUDE, Operator.EQ): lambda edge: BoundingBox(-180, edge, 180, edge),
    (Field.LATITUDE, Operator.GT): lambda edge: BoundingBox(-180, edge, 180, 90),
    (Field.LATITUDE, Operator.GTE): lambda edge: BoundingBox(-180, edge, 180, 90),
    (Field.LATITUDE, Operator.LT): lambda edge: BoundingBox(-180, -90, 180, edge),
    (Field.LATITUDE, Operator.LTE): lambda edge: BoundingBox(-180, -90, 180, edge),
    (Field.LONGITUDE, Operator.EQ): lambda edge: BoundingBox(edge, -90, edge, 90),
    (Field.LONGITUDE, Operator.GT): lambda edge: BoundingBox(edge, -90, 180, 90),
    (Field.LONGITUDE, Operator.GTE): lambda edge: BoundingBox(edge, -90, 180, 90),
    (Field.LONGITUDE, Operator.LT): lambda edge: BoundingBox(-180, -90, edge, 90),
    (Field.LONGITUDE, Operator.LTE): lambda edge: BoundingBox(-180, -90, edge, 90),
}


def _band(condition: Condition) -> BoundingBox:
    """The band of the Earth that a condition leaves: all of it, but for bounds on coordinates."""
    band = _BANDS.get((condition.field, condition.operator))
    return band(condition.value) if band and isinstance(condition.value, float) else WHOLE_EARTH


def _widened(box: BoundingBox) -> BoundingBox:
    """A box wider by far less than a room, since 32 bits cannot round 1e-73 outwards from zero."""
    return BoundingBox(
        max(box.west - _MARGIN, -180.0),
        max(box.south - _MARGIN, -90.0),
        min(box.east + _MARGIN, 180.0),
        min(box.north + _MARGIN, 90.0),
    )


def _intersection(one: BoundingBox, other: BoundingBox) -> BoundingBox | None:
    west, east = max(one.west, other.west), min(one.east, other.east)
    south, north = max(one.south, other.south), min(one.north, other.north)
    return BoundingBox(west, south, east, north) if west <= east and south <= north else None
