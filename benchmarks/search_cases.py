"""The searches that are measured: those that people do, and those that are the hardest."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, select

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
"""A page, the first being 1."""

BY_PRICE = SORTS["price"]
BY_PRICE_DESCENDING = SORTS["-price"]

CENTRE = Point(51.51, -0.12)
FAR_AWAY = Point(-36.85, 174.76)
TOWN = BoundingBox(-0.20, 51.45, 0.05, 51.57)
SUBURB = BoundingBox(0.18, 51.42, 0.26, 51.47)
STREETS = BoundingBox(-0.130, 51.509, -0.125, 51.512)
WALK = Circle(CENTRE, 500)
CITY_CIRCLE = Circle(CENTRE, 5000)
CHEAP = Condition(Field.PRICE, Operator.LT, 60)


def cases(on: Sides) -> Iterator[Case]:
    """Every search that is measured."""
    yield from _by_key(on)
    yield from _filtered(on)
    yield from _in_areas(on)
    yield from _nearest(on)
    yield from _awkward(on)
    yield from _totals(on)


def _by_key(on: Sides) -> Iterator[Case]:
    """Pages of all rooms in the order of an index, and one room."""
    code, price = on.bare.execute(
        f"SELECT code, price FROM room ORDER BY price, code LIMIT 1 OFFSET {LIMIT * (DEEP - 1) - 1}"
    ).fetchone()
    by_price = select(OrmRoom).order_by(OrmRoom.price, OrmRoom.code)
    deep = RoomQuery(sort=BY_PRICE, limit=LIMIT, after=Position(price, code))
    order = "ORDER BY price, code"
    yield on.page("first page by price", RoomQuery(sort=BY_PRICE, limit=LIMIT), by_price, order)
    after = f"INDEXED BY room_price WHERE (price, code) > ({price}, '{code}') {order}"
    yield on.page(f"page {DEEP:,} by price", deep, by_price, after, DEEP)
    by_code = select(OrmRoom).order_by(OrmRoom.code)
    yield on.page("first page by code", RoomQuery(limit=LIMIT), by_code, "ORDER BY code")
    yield on.one("one room by code", code)


def _filtered(on: Sides) -> Iterator[Case]:
    """A filter that few rooms meet, and one that many meet, sorted by something else."""
    by_code = select(OrmRoom).order_by(OrmRoom.code)
    for name, filter_, index in (
        ("few rooms by price, by code", _at_least(_price_reached(on, NARROW // 2)), "room_price"),
        ("many rooms by price, by code", CHEAP, "room_code"),
    ):
        limit = f"INDEXED BY {index} WHERE {_bare(filter_)} ORDER BY code"
        query = RoomQuery(conditions=(filter_,), limit=LIMIT)
        yield on.page(name, query, by_code.where(_orm(filter_)), limit)


def _in_areas(on: Sides) -> Iterator[Case]:
    """Rooms on a part of the map, cheapest first: some streets, and most of the town."""
    by_price = select(OrmRoom).order_by(OrmRoom.price, OrmRoom.code)
    for name, box, by in (
        ("streets by price", STREETS, f"NOT INDEXED WHERE id IN ({_places(STREETS)}) AND"),
        ("town by price", TOWN, "INDEXED BY room_price WHERE"),
    ):
        query = RoomQuery(areas=(box,), sort=BY_PRICE, limit=LIMIT)
        yield on.page(name, query, by_price.where(inside(box)), f"{by} {_within(box)} ORDER BY price, code")


def _nearest(on: Sides) -> Iterator[Case]:
    """Rooms by distance. The limit knows beforehand how far it has to look."""
    for name, point, conditions, number in (
        ("nearest", CENTRE, (), 1),
        ("nearest that are cheap", CENTRE, (CHEAP,), 1),
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
            only = " AND ".join(["true", *map(_bare, conditions)])
            limit = f"WHERE id IN ({_places(box)}) AND {only} ORDER BY {_sql(distance_to(point))}, code"
        yield on.page(name, query, statement, limit, number)


def _awkward(on: Sides) -> Iterator[Case]:
    """Searches that no index answers: a filter just too wide to be read whole, and contradictions."""
    wide = _at_least(_price_reached(on, NARROW * 5 // 4))
    by_code = select(OrmRoom).order_by(OrmRoom.code)
    query = RoomQuery(conditions=(wide,), limit=LIMIT)
    limit = f"INDEXED BY room_price WHERE {_bare(wide)} ORDER BY code"
    yield on.page("just not few by price, by code", query, by_code.where(_orm(wide)), limit)
    by_distance = select(OrmRoom).where(_orm(wide)).order_by(distance_to(CENTRE), OrmRoom.code)
    query = RoomQuery(conditions=(wide,), near=CENTRE, sort=BY_DISTANCE, limit=LIMIT)
    limit = f"INDEXED BY room_price WHERE {_bare(wide)} ORDER BY {_sql(distance_to(CENTRE))}, code"
    yield on.page("nearest, just not few by price", query, by_distance, limit)
    dearest = select(OrmRoom).where(inside(SUBURB)).order_by(OrmRoom.price.desc(), OrmRoom.code)
    query = RoomQuery(areas=(SUBURB,), sort=BY_PRICE_DESCENDING, limit=LIMIT)
    limit = f"WHERE id IN ({_places(SUBURB)}) AND {_within(SUBURB)} ORDER BY price DESC, code"
    yield on.page("dearest of a cheap suburb", query, dearest, limit)
    large = Condition(Field.SIZE, Operator.GT, 60)
    tiny_price = Condition(Field.PRICE, Operator.LT, 30)
    both = by_code.where(_orm(large), _orm(tiny_price))
    query = RoomQuery(conditions=(large, tiny_price), limit=LIMIT)
    limit = f"INDEXED BY room_size WHERE {_bare(large)} AND {_bare(tiny_price)} ORDER BY code"
    yield on.page("large and very cheap, by code", query, both, limit)


def _totals(on: Sides) -> Iterator[Case]:
    """How many rooms there are, and what they cost at a glance.

    Few rooms are best found by the R*Tree; where half of them match, reading all of them is quicker.
    """
    yield on.count("count, all", RoomQuery(), [], "")
    yield on.summary("summary, all", RoomQuery(), [], "")
    for name, circle in (("walk", WALK), ("city circle", CITY_CIRCLE)):
        box = circle.bounding_box()
        nearby = f"id IN ({_places(box)})" if circle is WALK else _within(box)
        query, where = RoomQuery(areas=(circle,)), [within(circle)]
        limit = f"NOT INDEXED WHERE {nearby} AND {_sql(within(circle))}"
        yield on.count(f"count, {name}", query, where, limit)
        yield on.summary(f"summary, {name}", query, where, limit)


def _price_reached(on: Sides, rooms: int) -> int:
    """A price that about so many rooms reach."""
    (rooms_in_all,) = on.bare.execute("SELECT count(*) FROM room").fetchone()
    statement = "SELECT price FROM room ORDER BY price DESC LIMIT 1 OFFSET ?"
    (price,) = on.bare.execute(statement, (min(rooms, rooms_in_all - 1),)).fetchone()
    return int(price)


def _at_least(price: int) -> Condition:
    return Condition(Field.PRICE, Operator.GTE, price)


def _bare(condition: Condition) -> str:
    return _sql(_orm(condition))


def _orm(condition: Condition) -> ColumnElement[bool]:
    column = {Field.PRICE: OrmRoom.price, Field.SIZE: OrmRoom.size}[condition.field]
    compare = {Operator.LT: column.__lt__, Operator.GT: column.__gt__, Operator.GTE: column.__ge__}
    return compare[condition.operator](condition.value)


def _within(box: BoundingBox) -> str:
    return _sql(inside(box))


def _places(box: BoundingBox) -> str:
    return (
        f"SELECT id FROM room_place WHERE west <= {box.east} AND east >= {box.west} "
        f"AND south <= {box.north} AND north >= {box.south}"
    )


def _sql(expression: ColumnElement[bool] | ColumnElement[float]) -> str:
    """The expression as text, its values within."""
    return str(expression.compile(compile_kwargs={"literal_binds": True}))
