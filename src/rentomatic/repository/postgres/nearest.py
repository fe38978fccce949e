"""The rooms nearest to a point. They are read from boxes in degrees that surely hold the next ones.

The order is that of `distance` in SQL, which takes the same steps as the one of the domain. Should their
mathematics differ in the last digit, `_SLACK` keeps rooms from getting lost between two pages.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rentomatic.domain.geography import MAX_RADIUS, BoundingBox, Circle
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.areas import boxes_around
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.cells import cells_with_next
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import (
    count_in,
    distance_sql,
    estimate,
    read_whole,
    rows,
    select,
)
from rentomatic.repository.sql import Sql, all_of, filters, room_of

_COMPACT = 1_000_000.0
"""Metres: the box around a circle of less than that is not much larger than the circle."""

_SLACK = 0.001
"""Metres."""

_SPARE = 10
"""Rooms fetched beyond a page."""


class _Place(NamedTuple):
    """Where to look: in the boxes, as far away as the radius."""

    boxes: list[BoundingBox]
    radius: float = MAX_RADIUS


def nearest_rooms(session: Session, query: RoomQuery, wanted: int) -> list[Room]:
    """The nearest so many rooms, from `after` on."""
    few, limit = plan.are_few(session, query), wanted + _SPARE
    end = query.order_key(query.after) if query.after else None
    while True:
        found = _found(session, query, few, limit)
        once = {room.code: room for room in found}.values()  # on the edge of two boxes it is in both
        keyed = sorted((query.order_key(query.position(room)), room) for room in once)
        rooms = [room for key, room in keyed if end is None or key > end]
        if len(rooms) >= wanted or len(found) < limit:
            return rooms[:wanted]
        limit *= 4


def _found(session: Session, query: RoomQuery, few: bool, limit: int) -> list[Room]:
    """So many rooms from a little before `after` on; fewer only if there are no more."""
    start = _start(query)
    after, by_distance = _from(query, start), distance_sql(query)
    found: list[Room] = []
    for place in [_Place(boxes_around(query))] if few else _places_with_next(session, query, start, limit):
        near_enough = Sql(f"{by_distance} <= ?", (place.radius,))
        part = after if place.radius == MAX_RADIUS else all_of((after, near_enough))
        source = read_whole(query, place.boxes)
        found = [*map(room_of, rows(session, select(source, part, f"{by_distance}, code", limit)))]
        if len(found) == limit:
            break
    return found


def _start(query: RoomQuery) -> float:
    """Metres at which the page begins, or a little less."""
    after = query.after.value if query.after else None
    return min(max(0.0, after - _SLACK), MAX_RADIUS) if isinstance(after, float) else 0.0


def _from(query: RoomQuery, start: float) -> Sql:
    """What lies behind the start. What is much nearer, or was on a page before, is not read."""
    if query.after is None:
        return Sql("true")
    by_distance = distance_sql(query)
    seen = Sql(f"NOT ({by_distance} = ? AND code <= ?)", (query.after.value, query.after.code))
    behind = [Sql(f"{by_distance} >= ?", (start,)), seen]
    if inner := Circle(query.origin, start).inner_box():
        inside = "longitude BETWEEN ? AND ? AND latitude BETWEEN ? AND ?"
        behind.insert(0, Sql(f"NOT ({inside})", (inner.west, inner.east, inner.south, inner.north)))
    return all_of(behind)


def _places_with_next(session: Session, query: RoomQuery, start: float, wanted: int) -> Iterator[_Place]:
    """Where to look for the next so many rooms, until as many are found.

    They surely are in the last place, if there are so many at all.
    """
    where, everywhere = filters(query), _Place(boxes_around(query))
    expected = estimate(session, query) if query.conditions else math.inf
    if expected <= 5 * plan.NARROW:
        yield everywhere
        return
    # Further out a ring of the same width holds more rooms; should it not, a wider one may.
    for radius in (1.03 * start + 50, 2 * start + 500) if start else (_reach(session, query, wanted),):
        if radius < _COMPACT:
            around = replace(query, areas=(*query.areas, Circle(query.origin, radius)))
            if not start or estimate(session, around) <= 15 * plan.NARROW:
                yield _Place(boxes_around(around), radius)
    if expected <= 25 * plan.NARROW:
        yield everywhere
        return

    def count(parts: list[BoundingBox], at_most: int) -> list[int]:
        return count_in(session, where, parts, at_most)

    yield _Place(cells_with_next(count, query.origin, start, everywhere.boxes, wanted))


def _reach(session: Session, query: RoomQuery, wanted: int) -> float:
    """A distance in metres within which so many rooms are, found among the nearest by degrees.

    Infinite where too few of those match, and where they lie together far away: there the box around the
    circle would hold much more than them.
    """
    where, near = filters(query), query.origin
    statement = f"""
        SELECT latitude, longitude FROM (
            SELECT * FROM room ORDER BY point(longitude, latitude) <-> point(?, ?) LIMIT {2 * plan.NARROW}
        ) AS nearest WHERE {where.text} LIMIT {wanted}
    """
    places = rows(session, Sql(statement, (near.longitude, near.latitude, *where.values)))
    distances = [near.distance_to(*place) for place in places]
    around = len(distances) == wanted and min(distances) < max(distances) / 2 + 1
    return max(distances) + _SLACK if around else math.inf
