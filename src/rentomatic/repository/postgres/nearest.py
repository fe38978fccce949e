"""The rooms nearest to a point, read from boxes in degrees that are certain to hold the next ones.

The order is that of `distance` in SQL, which takes the same steps as the domain's. If their results differ in
the last digit, `_SLACK` keeps rooms from being lost between two pages.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rentomatic.domain.geography import MAX_RADIUS, BoundingBox, Circle
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.areas import EVERYWHERE, boxes_around
from rentomatic.repository.by_hand import room_of_row
from rentomatic.repository.implied_words import implied_terms
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.cells import cells_with_next
from rentomatic.repository.postgres.runs import passed, placed
from rentomatic.repository.postgres.session import Row, Session
from rentomatic.repository.postgres.statements import (
    count_in,
    distance_sql,
    estimate,
    first_by_place,
    read_first,
    read_whole,
    rows,
)
from rentomatic.repository.postgres.ways import Way, way_at_once, way_to_few
from rentomatic.repository.postgres.words import filters
from rentomatic.repository.sql import ANYTHING, Sql, all_of
from rentomatic.use_cases.errors import NotQuick

_COMPACT = 1_000_000.0
"""Metres. Around a circle with a smaller radius, the box is not much larger than the circle."""

_SLACK = 0.001
"""Metres."""

_COUNTED = 40_000
"""A quick search counts up to this many rooms in cells, in less time than it takes to read half of them."""

_LOOKED_UP = 20
"""Looking up an empty cell takes as long as counting this many rooms."""

_SPARE = 10
"""Extra rooms fetched with a page."""


class _Place(NamedTuple):
    """Where to look: in boxes, or by a way; and the greatest distance in metres."""

    boxes: tuple[BoundingBox, ...]
    radius: float = MAX_RADIUS
    way: Way | None = None


def nearest_rooms(session: Session, query: RoomQuery, wanted: int, *, quick: bool = False) -> list[Room]:
    """Return the nearest `wanted` rooms from `after` on.

    quick: raise NotQuick instead of reading more than `plan.READ` rooms in one place.
    """
    few, limit = way_at_once(session, query, plan.NARROW), wanted + _SPARE
    end = query.order_key(query.after) if query.after else None
    while True:
        found = _found(session, query, few, limit, quick)
        once = {room.code: room for room in found}.values()  # on the edge of two boxes it is in both
        keyed = sorted((query.order_key(query.position(room)), room) for room in once)
        rooms = [room for key, room in keyed if end is None or key > end]
        if len(rooms) >= wanted or len(found) < limit:
            return rooms[:wanted]
        limit *= 4


def _found(session: Session, query: RoomQuery, few: Way | None, limit: int, quick: bool) -> list[Room]:
    """Return `limit` rooms from a little before `after` on, or all if there are fewer."""
    start = _start(query)
    after, by_distance = _from(query, start), distance_sql(query)
    order, found = f"{by_distance}, code", list[Room]()
    places = _places_with_next(session, query, start, limit, quick)
    for place in [_Place((), way=few)] if few else places:
        near_enough = Sql(f"{by_distance} <= ?", (place.radius,))
        part = after if place.radius == MAX_RADIUS else all_of((after, near_enough))
        if place.way:
            source = read_first(query, place.way.rooms)
            read = first_by_place(session, source, part, order, limit)
        elif quick:
            read = _quickly_read(session, query, place.boxes, part, order, limit)
        else:
            source = (
                read_whole(query, place.boxes)
                if place.boxes != EVERYWHERE
                else plan.everywhere(session, query)
            )
            read = first_by_place(session, source, part, order, limit)
        found = [*map(room_of_row, read)]
        if len(found) == limit:
            break
    return found


def _quickly_read(
    session: Session, query: RoomQuery, boxes: tuple[BoundingBox, ...], part: Sql, order: str, limit: int
) -> list[Row]:
    """Return the first `limit` rooms in the boxes. Raises NotQuick if the boxes hold over `plan.READ`."""
    run = placed(boxes)
    near = run(plan.READ + 1)
    numbered = Sql(f"(SELECT *, count(*) OVER () AS number FROM {near.text} AS near)", near.values)
    read = first_by_place(session, read_first(query, numbered), part, order, limit, ", number")
    if (read[0][-1] if read else passed(session, run, plan.READ + 1)) > plan.READ:
        raise NotQuick
    return [row[:-1] for row in read]


def _start(query: RoomQuery) -> float:
    """Return where the page begins, in metres, or a little less."""
    after = query.after.value if query.after else None
    return min(max(0.0, after - _SLACK), MAX_RADIUS) if isinstance(after, float) else 0.0


def _from(query: RoomQuery, start: float) -> Sql:
    """Return the condition for rooms beyond the start; it excludes much nearer rooms and earlier pages."""
    if query.after is None:
        return Sql("true")
    by_distance = distance_sql(query)
    seen = Sql(f"NOT ({by_distance} = ? AND code <= ?)", (query.after.value, query.after.code))
    behind = [Sql(f"{by_distance} >= ?", (start,)), seen]
    if inner := Circle(query.origin, start).inner_box():
        inside = "longitude BETWEEN ? AND ? AND latitude BETWEEN ? AND ?"
        behind.insert(0, Sql(f"NOT ({inside})", (inner.west, inner.east, inner.south, inner.north)))
    return all_of(behind)


def _places_with_next(
    session: Session, query: RoomQuery, start: float, wanted: int, quick: bool
) -> Iterator[_Place]:
    """Yield places to look for the next `wanted` rooms; the caller stops once it has found them.

    The last place is certain to hold them, if there are that many.
    """
    everywhere = _Place(boxes_around(query))
    expected = estimate(session, query) if query.conditions or query.words else math.inf
    if expected <= 5 * plan.NARROW:
        way = way_to_few(session, query, plan.READ) if quick or implied_terms(query) else None
        if way or not quick:
            yield _Place((), way=way) if way else everywhere
            return
    # Further out, a ring of the same width usually holds more rooms; if not, a wider ring may have enough.
    for radius in (1.03 * start + 50, 2 * start + 500) if start else (_reach(session, query, wanted),):
        if radius < _COMPACT:
            around = replace(query, areas=(*query.areas, Circle(query.origin, radius)))
            if not start or quick or estimate(session, around) <= 15 * plan.NARROW:
                yield _Place(boxes_around(around), radius)
    if quick:
        yield _quick_last_place(session, query, start, wanted)
    elif expected <= 25 * plan.NARROW:
        yield everywhere
    else:
        where = filters(query)
        yield _Place(
            cells_with_next(
                lambda parts, at_most: count_in(session, where, parts, at_most),
                query.origin,
                start,
                everywhere.boxes,
                wanted,
            )
        )


def _quick_last_place(session: Session, query: RoomQuery, start: float, wanted: int) -> _Place:
    """Return a place certain to hold the next `wanted` rooms. Raises NotQuick if finding it takes too long.

    Counts cells only if every room in them matches; otherwise counting could take too long.
    """
    if way := way_to_few(session, query, plan.READ):
        return _Place((), way=way)
    if query.conditions or query.words or any(isinstance(area, Circle) for area in query.areas):
        raise NotQuick
    counted_already = 0

    def count(parts: tuple[BoundingBox, ...], at_most: int) -> list[int]:
        nonlocal counted_already
        if counted_already + len(parts) * at_most > _COUNTED:
            raise NotQuick
        counts = count_in(session, ANYTHING, parts, at_most)
        counted_already += sum(max(_LOOKED_UP, rooms) for rooms in counts)
        return counts

    return _Place(cells_with_next(count, query.origin, start, boxes_around(query), wanted))


def _reach(session: Session, query: RoomQuery, wanted: int) -> float:
    """Return a distance in metres that has `wanted` rooms within it, found among the nearest by degrees.

    Infinite if too few of those match, or if they lie together far away: the box around the circle would then
    hold many more rooms than these.
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
