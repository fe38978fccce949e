"""How a search runs on SQLite: which index is read, and in which order.

A filter is *narrow* when at most `NARROW` rooms meet it, found out by counting that far along its
index. The narrowest such filter is read whole, checked and sorted. Without one, the index of the
sort is walked from where the page starts until the page is full. Either way the work depends on
the page, not on how many rooms there are nor on how deep the page lies. SQLite's own planner
cannot know how many rooms a range holds, so every statement names its index.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rentomatic.domain.geography import Area, BoundingBox, Circle
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery, Sort, SortKey
from rentomatic.repository.sql import Sql, all_of, condition_sql

NARROW = 2000

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
    """A way to the rooms that may match: a table with the index to use, and a range of it.

    probe: counts the rooms in the range, up to a bound that is to be given.
    """

    table: str
    where: Sql
    probe: Sql


def by_field(field: Field, query: RoomQuery) -> Access:
    """By the index of a field, in the range that the conditions on it leave."""
    table = f"room INDEXED BY {_FIELD_INDEXES[field]}"
    where = all_of(map(condition_sql, _ranges(query, field)))
    return Access(table, where, Sql(f"SELECT 1 FROM {table} WHERE {where.text}", where.values))


def by_place(boxes: list[BoundingBox]) -> Access:
    """By the R*Tree, in boxes none of which crosses the antimeridian."""
    probe = Sql(
        " UNION ALL ".join(
            "SELECT id FROM room_place WHERE west <= ? AND east >= ? AND south <= ? AND north >= ?"
            for _ in boxes
        )
        or "SELECT id FROM room_place WHERE false",
        tuple(edge for box in boxes for edge in (box.east, box.west, box.north, box.south)),
    )
    return Access("room NOT INDEXED", Sql(f"id IN ({probe.text})", probe.values), probe)


def by_id(ids: list[int]) -> Access:
    """By the row ids."""
    where = Sql(f"id IN ({', '.join('?' * len(ids))})", tuple(ids))
    return Access("room NOT INDEXED", where, Sql(f"SELECT 1 FROM room WHERE {where.text}", where.values))


def by_sort(query: RoomQuery) -> Access:
    """By the index that has the order of the search, in the range left by conditions on its field."""
    table = f"room INDEXED BY {_SORT_INDEXES[query.sort]}"
    where = all_of(map(condition_sql, _ranges(query, Field(query.sort.key))))
    return Access(table, where, Sql(f"SELECT 1 FROM {table} WHERE {where.text}", where.values))


def narrowest(connection: sqlite3.Connection, query: RoomQuery) -> Access | None:
    """The way to the fewest rooms, None where every filter may leave more than `NARROW`."""
    if _ranges(query, Field.CODE, frozenset({Operator.EQ, Operator.IN})):
        return by_field(Field.CODE, query)
    best, fewest = None, NARROW + 1
    for access in _accesses(query):
        bounded = f"SELECT count(*) FROM ({access.probe.text} LIMIT ?)"
        (rooms,) = connection.execute(bounded, (*access.probe.values, fewest)).fetchone()
        if rooms < fewest:
            best, fewest = access, rooms
    return best


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


def _accesses(query: RoomQuery) -> Iterator[Access]:
    for field in (Field.PRICE, Field.SIZE):
        if field.value != query.sort.key.value and _ranges(query, field):
            yield by_field(field, query)
    boxes = boxes_around(query)
    if boxes != [WHOLE_EARTH]:
        yield by_place(boxes)


def _ranges(
    query: RoomQuery,
    field: Field,
    operators: frozenset[Operator] = frozenset(Operator) - {Operator.NE},
) -> list[Condition]:
    """The conditions that leave a range of the field's index."""
    return [c for c in query.conditions if c.field is field and c.operator in operators]


def _area_sql(area: Area) -> Sql:
    if isinstance(area, Circle):
        return Sql(
            "distance(?, ?, latitude, longitude) <= ?",
            (area.centre.latitude, area.centre.longitude, area.radius),
        )
    across = "AND" if area.west <= area.east else "OR"
    return Sql(
        f"latitude BETWEEN ? AND ? AND (longitude >= ? {across} longitude <= ?)",
        (area.south, area.north, area.west, area.east),
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
