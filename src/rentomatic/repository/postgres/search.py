"""The statements of a search on a PostgreSQL connection.

PostgreSQL knows from its statistics how many rooms a price leaves, but not how many an area or two
filters together leave, and a plan that walks the order of the search until the page is full takes long
where they leave next to none. So these are counted first, as far as `NARROW`: what few rooms meet is
read whole and sorted, behind a fence that the planner does not look across.

Statements whose best plan does not depend on the values are prepared on the server; the others are
planned for their values. The limit stands in the text, since with a limit that it does not know
PostgreSQL plans for a tenth of all rooms.
"""

import math
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice

from psycopg import ServerCursor

from rentomatic.domain.geography import MAX_RADIUS, BoundingBox, Circle
from rentomatic.domain.room import Room
from rentomatic.domain.search import Field, Operator, RoomQuery, SortKey
from rentomatic.repository.areas import WHOLE_EARTH, boxes_around
from rentomatic.repository.keyset import segments
from rentomatic.repository.nearest import MARGIN, in_exact_order
from rentomatic.repository.postgres.connections import Row, Session
from rentomatic.repository.sql import (
    ANYTHING,
    ROOM_COLUMNS,
    Sql,
    all_of,
    condition_sql,
    filters,
    order_sql,
    ranges,
    room_of,
    segment_sql,
)

NARROW = 2000
"""Rooms that are sorted in less time than looking for them along an order may take."""

_SMALL_PART = 20
"""So many times as many rooms of an area are counted by their index; beyond that, by reading the table."""

_FAR_FROM_SEAM = 150.0
"""Degrees of longitude up to which the nearest rooms are hardly ever across the antimeridian."""

_TIES = 10
"""Rooms fetched beyond a page of the nearest, to be sure of the order of its last ones."""

_AT_ONCE = 1000
"""Rooms that an export fetches at a time."""


def room_of_code(session: Session, code: str) -> Room | None:
    """The room of that code."""
    rows = _rows(session, Sql(f"SELECT {ROOM_COLUMNS} FROM room WHERE code = ?", (code,)), prepare=True)
    return room_of(rows[0]) if rows else None


def first_rooms(session: Session, query: RoomQuery, wanted: int) -> list[Room]:
    """The first so many rooms in the order of the search, from `after` on."""
    few = _are_few(session, query)
    if query.sort.key is SortKey.DISTANCE:
        return list(islice(in_exact_order(query, _nearest(session, query, few, wanted)), wanted))
    rooms: list[Room] = []
    source, one_plan = _source(query, few), _one_plan_fits_all(query)
    for segment in segments(query):
        statement = _select(source, segment_sql(segment), order_sql(segment), wanted - len(rooms))
        rooms += map(room_of, _rows(session, statement, one_plan))
        if len(rooms) == wanted:
            break
    return rooms


def all_rooms(session: Session, query: RoomQuery) -> Generator[Room, None, None]:
    """Every room of the search in its order, fetched as it is asked for. Needs a transaction."""
    source = _source(query, few=False)
    if query.sort.key is SortKey.DISTANCE:
        rows = _fetched(session, _select(source, ANYTHING, _distance_sql(query)))
        yield from in_exact_order(query, map(room_of, rows))
        return
    for segment in segments(query):
        yield from map(room_of, _fetched(session, _select(source, segment_sql(segment), order_sql(segment))))


def count_of(session: Session, query: RoomQuery, at_most: int | None) -> int:
    """How many rooms match, counted no further than `at_most`."""
    return _count(session, [_by_place_or_not(session, query)], at_most)[0]


def prices_of(session: Session, query: RoomQuery) -> list[Row]:
    """The rooms that match by price: price, number of rooms, lowest and highest size."""
    where = _by_place_or_not(session, query)
    statement = "SELECT price, count(*), min(size), max(size) FROM room WHERE "
    return _rows(session, Sql(f"{statement}{where.text} GROUP BY price", where.values))


def _by_place_or_not(session: Session, query: RoomQuery) -> Sql:
    """All that must hold of a room, so that the index of places is read where an area is a small part."""
    where, boxes = filters(query), boxes_around(query)
    if boxes != [WHOLE_EARTH]:
        most = _SMALL_PART * NARROW
        if _count(session, [_places(boxes)], most + 1)[0] <= most:
            return all_of((where, _places(boxes)))
    return where


def _source(query: RoomQuery, few: bool, circle: Circle | None = None) -> Sql:
    """`FROM … WHERE …` of all rooms that match; few are read whole, behind a fence.

    circle: only these are looked for, by the index of places.
    """
    within = query if circle is None else replace(query, areas=(*query.areas, circle))
    where, boxes = filters(within), boxes_around(within)
    if not few and circle is None:
        return Sql(f"FROM room WHERE {where.text}", where.values)
    if boxes != [WHOLE_EARTH]:
        where = all_of((where, _places(boxes)))
    return Sql(f"FROM (SELECT * FROM room WHERE {where.text} OFFSET 0) AS few WHERE true", where.values)


def _are_few(session: Session, query: RoomQuery) -> bool:
    """Whether the rooms that match are better sorted than looked for along the order."""
    if ranges(query, Field.CODE, frozenset({Operator.EQ, Operator.IN})):
        return True
    by_price, by_size = ranges(query, Field.PRICE), ranges(query, Field.SIZE)
    probes, boxes = [], boxes_around(query)
    if by_price and by_size:
        probes.append(all_of(map(condition_sql, (*by_price, *by_size))))
    if boxes != [WHOLE_EARTH]:
        probes.append(_places(boxes))
    if probes and min(_count(session, probes, NARROW + 1)) <= NARROW:
        return True
    # Cheap rooms may all be far away. Those of one filter PostgreSQL can estimate.
    estimated = query.sort.key is SortKey.DISTANCE and (by_price or by_size)
    return bool(estimated) and _estimate(session, filters(query)) <= 5 * NARROW


def _places(boxes: Iterable[BoundingBox]) -> Sql:
    """In one of the boxes, none of which crosses the antimeridian, by the index of places."""
    inside = "point(longitude, latitude) <@ box(point(?, ?), point(?, ?))"
    boxes = tuple(boxes)
    return Sql(
        f"({' OR '.join(inside for _ in boxes) or 'false'})",
        tuple(edge for box in boxes for edge in (box.west, box.south, box.east, box.north)),
    )


def _count(session: Session, filters_: Iterable[Sql], at_most: int | None) -> list[int]:
    """How many rooms meet each of the filters, counted no further than the bound."""
    limit = "" if at_most is None else f" LIMIT {at_most}"
    counts = [
        Sql(f"(SELECT count(*) FROM (SELECT FROM room WHERE {piece.text}{limit}) AS found)", piece.values)
        for piece in filters_
    ]
    together = Sql(", ".join(c.text for c in counts), tuple(value for c in counts for value in c.values))
    return list(_rows(session, Sql(f"SELECT {together.text}", together.values))[0])


def _estimate(session: Session, where: Sql) -> int:
    """How many rooms PostgreSQL expects to meet the filters, from its statistics."""
    statement = Sql(f"EXPLAIN (FORMAT JSON) SELECT FROM room WHERE {where.text}", where.values)
    ((plans,),) = _rows(session, statement)
    return int(plans[0]["Plan"]["Plan Rows"])


def _one_plan_fits_all(query: RoomQuery) -> bool:
    """Whether walking the index of the sort is best whatever the values are."""
    return not query.areas and all(c.field.value == query.sort.key.value for c in query.conditions)


def _nearest(session: Session, query: RoomQuery, few: bool, wanted: int) -> Iterator[Room]:
    """Rooms from the nearest on, beginning a little before `after`.

    They are looked for in a circle that holds enough of them; should it not, in a larger one.
    """
    limit, seen = wanted + _TIES, set()
    start = (
        max(0.0, query.after.value - MARGIN) if query.after and isinstance(query.after.value, float) else 0.0
    )
    radius = MAX_RADIUS if few else _reach(session, query, start, limit)
    by_distance = _distance_sql(query)
    while True:
        source = _source(query, few, Circle(query.origin, radius) if radius < MAX_RADIUS else None)
        rows = _rows(session, _select(source, Sql(f"{by_distance} >= ?", (start,)), by_distance, limit))
        for room in map(room_of, rows):
            if room.code not in seen:
                seen.add(room.code)
                yield room
        if len(rows) == limit:
            limit *= 4
        elif radius == MAX_RADIUS:
            return
        else:
            radius = min(2 * radius, MAX_RADIUS)


def _reach(session: Session, query: RoomQuery, start: float, wanted: int) -> float:
    """A distance in metres within which so many rooms probably are, beyond `start`.

    For the first page these are surely within: the nearest ones by degrees, which the index of places
    gives in order, are hardly further than the nearest on the ground. At the antimeridian they are
    looked for from both sides.
    """
    if start:
        return min(1.1 * start + 100, MAX_RADIUS)
    near, boxes = query.origin, boxes_around(query)
    where = filters(query) if boxes == [WHOLE_EARTH] else all_of((filters(query), _places(boxes)))
    found: list[float] = []
    for longitude in (near.longitude, near.longitude - math.copysign(360, near.longitude)):
        statement = Sql(
            f"SELECT latitude, longitude FROM room WHERE {where.text} "
            f"ORDER BY point(longitude, latitude) <-> point(?, ?) LIMIT {wanted}",
            (*where.values, longitude, near.latitude),
        )
        found += (near.distance_to(*place) for place in _rows(session, statement))
        if abs(near.longitude) < _FAR_FROM_SEAM:
            break
    found.sort()
    return min(found[wanted - 1] + MARGIN, MAX_RADIUS) if len(found) >= wanted else MAX_RADIUS


def _distance_sql(query: RoomQuery) -> str:
    """The distance of a room. A float's repr is exact, and SQL as well."""
    near = query.origin
    return f"distance({near.latitude!r}, {near.longitude!r}, latitude, longitude)"


def _select(source: Sql, part: Sql, order: str, limit: int | None = None) -> Sql:
    """The rows of a part of the source, in order."""
    end = "" if limit is None else f" LIMIT {limit}"
    return Sql(
        f"SELECT {ROOM_COLUMNS} {source.text} AND {part.text} ORDER BY {order}{end}",
        (*source.values, *part.values),
    )


def _rows(session: Session, statement: Sql, prepare: bool = False) -> list[Row]:
    with session.cursor(binary=True) as cursor:
        return cursor.execute(_text(statement), statement.values, prepare=prepare).fetchall()


def _fetched(session: Session, statement: Sql) -> Iterator[Row]:
    """The rows of a statement, a part of them at a time."""
    with closing(ServerCursor(session, "export")) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(_text(statement), statement.values, binary=True)
        yield from cursor


def _text(statement: Sql) -> bytes:
    """The statement with the placeholders of psycopg; nothing else in it is a question mark."""
    return statement.text.replace("?", "%s").encode()
