"""The rooms nearest to a point. They are read from boxes in degrees that surely hold the next ones."""

import math
from collections.abc import Iterator
from dataclasses import replace

from rentomatic.domain.geography import BoundingBox, Circle
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.areas import boxes_around
from rentomatic.repository.nearest import MARGIN
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.cells import cells_with_next
from rentomatic.repository.postgres.connections import Session
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

_TIES = 10
"""Rooms fetched beyond a page, to be sure of the order of its last ones."""


def nearest_rooms(session: Session, query: RoomQuery, wanted: int) -> Iterator[Room]:
    """Rooms from the nearest on, beginning a little before `after`."""
    after = query.after.value if query.after else 0.0
    start = max(0.0, after - MARGIN) if isinstance(after, float) else 0.0
    by_distance, seen, limit = distance_sql(query), set(), wanted + _TIES
    from_start = _from_start(query, start)
    few, guess = plan.are_few(session, query), start > 0
    while True:
        boxes = boxes_around(query) if few else _boxes_with_next(session, query, start, limit, guess)
        found = rows(session, select(read_whole(query, boxes), from_start, by_distance, limit))
        if len(found) < limit and guess and not few:
            guess = False
            continue
        for room in map(room_of, found):
            if room.code not in seen:
                seen.add(room.code)
                yield room
        if len(found) < limit:
            return
        limit *= 4  # so many at the same distance that their order is not sure yet


def _from_start(query: RoomQuery, start: float) -> Sql:
    """At least so far away; what is much nearer is told without calculation."""
    far_enough = Sql(f"{distance_sql(query)} >= ?", (start,))
    inner = Circle(query.origin, start).inner_box()
    if inner is None:
        return far_enough
    inside = "longitude BETWEEN ? AND ? AND latitude BETWEEN ? AND ?"
    return all_of((Sql(f"NOT ({inside})", (inner.west, inner.east, inner.south, inner.north)), far_enough))


def _boxes_with_next(
    session: Session, query: RoomQuery, start: float, wanted: int, guess: bool
) -> list[BoundingBox]:
    """Boxes that hold the next so many rooms from `start` metres on, if there are so many.

    guess: whether it will do that they probably hold so many.
    """
    radius = 1.1 * start + 100 if guess else math.inf if start else _reach(session, query, wanted)
    if radius < _COMPACT:
        return boxes_around(replace(query, areas=(*query.areas, Circle(query.origin, radius))))
    where, boxes = filters(query), boxes_around(query)
    if query.conditions and estimate(session, query) <= 25 * plan.NARROW:
        return boxes

    def count(parts: list[BoundingBox], at_most: int) -> list[int]:
        return count_in(session, where, parts, at_most)

    return cells_with_next(count, query.origin, start, boxes, wanted)


def _reach(session: Session, query: RoomQuery, wanted: int) -> float:
    """A distance in metres within which so many rooms are, found among the nearest by degrees.

    Infinite where too few of those match. At the antimeridian the rooms across count as far away, which
    makes the distance longer than it need be.
    """
    where, near = filters(query), query.origin
    statement = f"""
        SELECT latitude, longitude FROM (
            SELECT * FROM room ORDER BY point(longitude, latitude) <-> point(?, ?) LIMIT {2 * plan.NARROW}
        ) AS nearest WHERE {where.text} LIMIT {wanted}
    """
    places = rows(session, Sql(statement, (near.longitude, near.latitude, *where.values)))
    return max(near.distance_to(*place) for place in places) + MARGIN if len(places) == wanted else math.inf
