"""Rooms and queries for tests, by hand and generated."""

from typing import Any

from hypothesis import strategies as st

from rentomatic.domain.geography import MAX_RADIUS, Area, BoundingBox, Circle, Point
from rentomatic.domain.room import MAX_INTEGER, Room
from rentomatic.domain.search import (
    BY_DISTANCE,
    SORTS,
    Condition,
    Field,
    Operator,
    RoomQuery,
    Value,
)


def make_room(**overrides: Any) -> Room:
    """A room near the Thames, but for what is stated."""
    return Room(**{"code": "a1", "size": 20, "price": 60, "latitude": 51.5, "longitude": -0.12, **overrides})


# Few values, the awkward ones among them, so that rooms and queries meet often.
CODES = st.sampled_from(["0", "9", "A", "Z", "a", "a.", "a0", "aa", "b", "z" * 36, "Zz~_-."]) | st.from_regex(
    "[A-Za-z0-9][A-Za-z0-9._~-]{0,35}", fullmatch=True
)
INTEGERS = st.sampled_from([1, 2, 3, 59, 60, 61, MAX_INTEGER - 1, MAX_INTEGER])
PRICES = INTEGERS | st.just(0)
LATITUDES = st.sampled_from([-90.0, -89.999, -45.5, 0.0, 1e-7, 51.5, 51.500001, 89.9999, 90.0]) | st.floats(
    -90, 90, allow_subnormal=False
)
LONGITUDES = st.sampled_from([-180.0, -179.9999, -0.12, 0.0, 1e-7, 0.1, 90.0, 179.9999, 180.0]) | st.floats(
    -180, 180, allow_subnormal=False
)
POINTS = st.builds(Point, LATITUDES, LONGITUDES)

ROOMS = st.builds(
    Room,
    code=CODES,
    size=st.none() | INTEGERS,
    price=PRICES,
    latitude=LATITUDES,
    longitude=LONGITUDES,
)


def room_sets(max_size: int = 30) -> st.SearchStrategy[list[Room]]:
    """Rooms whose codes differ."""
    return st.lists(ROOMS, max_size=max_size, unique_by=lambda room: room.code)


_VALUES: dict[Field, st.SearchStrategy[Any]] = {
    Field.CODE: CODES,
    Field.SIZE: INTEGERS,
    Field.PRICE: PRICES,
    Field.LATITUDE: LATITUDES,
    Field.LONGITUDE: LONGITUDES,
}


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(Field))
    operator = draw(st.sampled_from(Operator))
    value: Value | tuple[Value, ...] = draw(
        st.lists(_VALUES[field], min_size=1, max_size=4).map(tuple)
        if operator is Operator.IN
        else _VALUES[field]
    )
    return Condition(field, operator, value)


@st.composite
def boxes(draw: st.DrawFn) -> BoundingBox:
    south, north = sorted((draw(LATITUDES), draw(LATITUDES)))
    return BoundingBox(draw(LONGITUDES), south, draw(LONGITUDES), north)


RADII = st.sampled_from([0.0, 0.5, 100.0, 1e6, 1e7, MAX_RADIUS]) | st.floats(0, MAX_RADIUS)
AREAS: st.SearchStrategy[Area] = boxes() | st.builds(Circle, POINTS, RADII)


@st.composite
def queries(draw: st.DrawFn) -> RoomQuery:
    near = draw(st.none() | POINTS)
    sorts = [sort for sort in SORTS.values() if near or sort != BY_DISTANCE]
    areas = draw(st.lists(AREAS, max_size=2))
    if near and draw(st.booleans()):
        areas.append(Circle(near, draw(RADII)))
    return RoomQuery(
        conditions=tuple(draw(st.lists(conditions(), max_size=3))),
        areas=tuple(areas),
        near=near,
        sort=draw(st.sampled_from(sorts)),
        limit=draw(st.sampled_from([1, 2, 3, 7, 1000])),
    )
