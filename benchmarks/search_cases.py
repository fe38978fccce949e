"""The measured searches: common ones, and the hardest ones."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, select, true

from benchmarks.orm import OrmRoom, distance_to, inside, within
from benchmarks.sides import LIMIT, Case, Sides
from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.search import (
    BY_DISTANCE,
    SORTS,
    Condition,
    Field,
    Operator,
    Position,
    RoomQuery,
)
from rentomatic.repository.sqlite.plan import NARROW

DEEP = 1000
"""A page number, from 1."""

BY_PRICE = SORTS["price"]
BY_PRICE_DESCENDING = SORTS["-price"]

CENTRE = Point(51.51, -0.12)
FAR_AWAY = Point(-36.85, 174.76)
TOWN = BoundingBox(-0.20, 51.45, 0.05, 51.57)
SUBURB = BoundingBox(0.18, 51.42, 0.26, 51.47)
STREETS = BoundingBox(-0.130, 51.509, -0.125, 51.512)
WALK = Circle(CENTRE, 500)
CITY_CIRCLE = Circle(CENTRE, 5000)
SEA = BoundingBox(-30.0, 40.0, -20.0, 50.0)
CHEAP = Condition(Field.PRICE, Operator.LT, 60)
VERY_CHEAP = Condition(Field.PRICE, Operator.LT, 30)
CHEAPEST = Condition(Field.PRICE, Operator.LT, 25)


def cases(on: Sides) -> Iterator[Case]:
    """Yield every measured search."""
    yield from _by_key(on)
    yield from _filtered(on)
    yield from _in_areas(on)
    yield from _nearest(on)
    yield from _awkward(on)
    yield from _totals(on)


def _by_key(on: Sides) -> Iterator[Case]:
    """Yield pages of all rooms in the order of an index, and a single room."""
    before = f"SELECT code, price FROM room ORDER BY price, code LIMIT 1 OFFSET {LIMIT * (DEEP - 1) - 1}"
    ((code, price),) = on.bare.rows(before)
    by_price = select(OrmRoom).order_by(OrmRoom.price, OrmRoom.code)
    deep = RoomQuery(sort=BY_PRICE, limit=LIMIT, after=Position(price, code))
    order = "ORDER BY price, code"
    query = RoomQuery(sort=BY_PRICE, limit=LIMIT)
    yield on.page("first page by price", query, by_price, f"room {order}")
    after = on.bare.walking("room_price", f"(price, code) > ({price}, '{code}')")
    yield on.page(f"page {DEEP:,} by price", deep, by_price, f"{after} {order}", DEEP)
    most_expensive = select(OrmRoom).order_by(OrmRoom.price.desc(), OrmRoom.code)
    query = RoomQuery(sort=BY_PRICE_DESCENDING, limit=LIMIT)
    yield on.page("first page by price, descending", query, most_expensive, "room ORDER BY price DESC, code")
    by_code = select(OrmRoom).order_by(OrmRoom.code)
    yield on.page("first page by code", RoomQuery(limit=LIMIT), by_code, "room ORDER BY code")
    yield on.one("one room by code", code)


def _filtered(on: Sides) -> Iterator[Case]:
    """Yield searches with a filter that few or many rooms meet, sorted by another field."""
    by_code = select(OrmRoom).order_by(OrmRoom.code)
    for name, filter_, index in (
        ("few rooms by price, by code", _at_least(_price_reached(on, NARROW // 2)), "room_price"),
        ("many rooms by price, by code", CHEAP, "room_code"),
    ):
        limit = f"{on.bare.walking(index, on.bare.sql(_orm(filter_)))} ORDER BY code"
        query = RoomQuery(conditions=(filter_,), limit=LIMIT)
        yield on.page(name, query, by_code.where(_orm(filter_)), limit)


def _in_areas(on: Sides) -> Iterator[Case]:
    """Yield areas, cheapest rooms first: a few streets, most of a town, and an empty place."""
    by_price = select(OrmRoom).order_by(OrmRoom.price, OrmRoom.code)
    for name, box, limit in (
        ("streets by price", STREETS, on.bare.placed(STREETS)),
        ("town by price", TOWN, on.bare.walking("room_price", on.bare.sql(inside(TOWN)))),
        ("the open sea by price", SEA, on.bare.placed(SEA)),
    ):
        query = RoomQuery(areas=(box,), sort=BY_PRICE, limit=LIMIT)
        yield on.page(name, query, by_price.where(inside(box)), f"{limit} ORDER BY price, code")


def _nearest(on: Sides) -> Iterator[Case]:
    """Yield rooms by distance. The baseline knows in advance how far to look."""
    for name, point, conditions, number in (
        ("nearest", CENTRE, (), 1),
        ("nearest that are cheap", CENTRE, (CHEAP,), 1),
        ("nearest that are very cheap", CENTRE, (VERY_CHEAP,), 1),
        ("nearest of the cheapest", CENTRE, (CHEAPEST,), 1),
        (f"nearest, page {DEEP:,}", CENTRE, (), DEEP),
        ("nearest from far away", FAR_AWAY, (), 1),
    ):
        where = [_orm(condition) for condition in conditions]
        statement = select(OrmRoom).where(*where).order_by(distance_to(point), OrmRoom.code)
        query = RoomQuery(conditions=conditions, near=point, sort=BY_DISTANCE, limit=LIMIT)
        if number > 1:
            before = on.orm.page(statement, 1, (number - 1) * LIMIT)[0]
            after = Position(point.distance_to(before.latitude, before.longitude), before.code)
            query = RoomQuery(near=point, sort=BY_DISTANCE, limit=LIMIT, after=after)
        limit = ""
        if point == CENTRE and number == 1:
            last = on.orm.page(statement, LIMIT)[-1]
            box = Circle(point, point.distance_to(last.latitude, last.longitude)).bounding_box()
            only = on.bare.sql(and_(true(), *where))
            # Those few are far apart: reading every one of them is faster.
            rare = conditions == (CHEAPEST,)
            nearby = on.bare.walking("room_price", only) if rare else on.bare.placed(box, only)
            limit = f"{nearby} ORDER BY {on.bare.sql(distance_to(point))}, code"
        yield on.page(name, query, statement, limit, number)


def _awkward(on: Sides) -> Iterator[Case]:
    """Yield searches that no index answers: a filter slightly too wide to read whole, and contradictions."""
    wide = _at_least(_price_reached(on, NARROW * 5 // 4))
    by_code = select(OrmRoom).order_by(OrmRoom.code)
    query = RoomQuery(conditions=(wide,), limit=LIMIT)
    reached = on.bare.walking("room_price", on.bare.sql(_orm(wide)))
    limit = f"{reached} ORDER BY code"
    yield on.page("just not few by price, by code", query, by_code.where(_orm(wide)), limit)
    by_distance = select(OrmRoom).where(_orm(wide)).order_by(distance_to(CENTRE), OrmRoom.code)
    query = RoomQuery(conditions=(wide,), near=CENTRE, sort=BY_DISTANCE, limit=LIMIT)
    limit = f"{reached} ORDER BY {on.bare.sql(distance_to(CENTRE))}, code"
    yield on.page("nearest, just not few by price", query, by_distance, limit)
    most_expensive = select(OrmRoom).where(inside(SUBURB)).order_by(OrmRoom.price.desc(), OrmRoom.code)
    query = RoomQuery(areas=(SUBURB,), sort=BY_PRICE_DESCENDING, limit=LIMIT)
    limit = f"{on.bare.placed(SUBURB, on.bare.sql(inside(SUBURB)))} ORDER BY price DESC, code"
    yield on.page("most expensive of a cheap suburb", query, most_expensive, limit)
    large = Condition(Field.SIZE, Operator.GT, 60)
    both = _orm(large) & _orm(VERY_CHEAP)
    query = RoomQuery(conditions=(large, VERY_CHEAP), limit=LIMIT)
    limit = f"{on.bare.walking('room_size', on.bare.sql(both))} ORDER BY code"
    yield on.page("large and very cheap, by code", query, by_code.where(both), limit)


def _totals(on: Sides) -> Iterator[Case]:
    """Yield counts and summaries.

    A few rooms are best found by the R*Tree; if half of all rooms match, reading all of them is faster.
    """
    yield on.count("count, all", RoomQuery(), [], "room")
    yield on.summary("summary, all", RoomQuery(), [], "room")
    yield on.estimate("estimate, all", RoomQuery())
    for name, filter_ in (("cheap", CHEAP), ("large", Condition(Field.SIZE, Operator.GT, 20))):
        where = [_orm(filter_)]
        limit = on.bare.walking("room_price_size", on.bare.sql(_orm(filter_)))
        yield on.summary(f"summary, {name}", RoomQuery(conditions=(filter_,)), where, limit)
    town = on.bare.reading(on.bare.sql(inside(TOWN)))
    yield on.summary("summary, town", RoomQuery(areas=(TOWN,)), [inside(TOWN)], town)
    for name, circle in (("walk", WALK), ("city circle", CITY_CIRCLE)):
        box, near = circle.bounding_box(), within(circle)
        query, where = RoomQuery(areas=(circle,)), [near]
        by_place = on.bare.placed(box, on.bare.sql(near))
        limit = by_place if circle is WALK else on.bare.reading(on.bare.sql(inside(box) & near))
        yield on.count(f"count, {name}", query, where, limit)
        yield on.summary(f"summary, {name}", query, where, limit)
    yield on.estimate("estimate, city circle", RoomQuery(areas=(CITY_CIRCLE,)))


def _price_reached(on: Sides, rooms: int) -> int:
    """Return a price that about `rooms` rooms reach."""
    ((rooms_in_all,),) = on.bare.rows("SELECT count(*) FROM room")
    offset = min(rooms, rooms_in_all - 1)
    ((price,),) = on.bare.rows(f"SELECT price FROM room ORDER BY price DESC LIMIT 1 OFFSET {offset}")
    return int(price)


def _at_least(price: int) -> Condition:
    return Condition(Field.PRICE, Operator.GTE, price)


def _orm(condition: Condition) -> ColumnElement[bool]:
    column = {Field.PRICE: OrmRoom.price, Field.SIZE: OrmRoom.size}[condition.field]
    compare = {Operator.LT: column.__lt__, Operator.GT: column.__gt__, Operator.GTE: column.__ge__}
    return compare[condition.operator](condition.value)
