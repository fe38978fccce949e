"""Advice for an empty result: every count is what the looser search finds."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given

from rentomatic.domain.geography import Area, BoundingBox, Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery
from rentomatic.domain.summary import Summary
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.use_cases.loosen_search import (
    COUNT_TO,
    MOST,
    Filter,
    Suggestion,
    filters_of,
    loosen_search,
)
from tests.builders import make_room, queries, room_sets
from tests.slow import Clock, SlowRepo, a_second

HERE = Point(51.5, -0.12)
METRE = 1 / 111_195
"""Degrees of latitude."""


def priced(*prices: int) -> list[Room]:
    return [make_room(code=f"r{number}", price=price) for number, price in enumerate(prices)]


def sized(*sizes: int | None) -> list[Room]:
    return [make_room(code=f"r{number}", size=size) for number, size in enumerate(sizes)]


def away(*metres: int) -> list[Room]:
    return [make_room(code=f"r{m}", latitude=51.5 + m * METRE) for m in metres]


def query(*parts: tuple[Field, Operator, int] | Area) -> RoomQuery:
    return RoomQuery(
        conditions=tuple(Condition(*part) for part in parts if isinstance(part, tuple)),
        areas=tuple(part for part in parts if not isinstance(part, tuple)),
        near=HERE,
    )


def price_to(price: int) -> tuple[Field, Operator, int]:
    return (Field.PRICE, Operator.LTE, price)


def price_from(price: int) -> tuple[Field, Operator, int]:
    return (Field.PRICE, Operator.GTE, price)


def advice(rooms: list[Room], *parts: tuple[Field, Operator, int] | Area) -> list[Suggestion]:
    return loosen_search(MemRepo(rooms), query(*parts), a_second())


class CountingRepo(MemRepo):
    """Counts the queries."""

    asked = 0

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        self.asked += 1
        return super().count(query, at_most, within)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        self.asked += 1
        return super().summarise(query, within)


class PatientRepo(MemRepo):
    """Takes that many seconds for each query, and fails when none are left."""

    def __init__(self, rooms: list[Room], clock: Clock, needs: Callable[[RoomQuery], float]) -> None:
        super().__init__(rooms)
        self.clock = clock
        self.needs = needs

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        self._take(query, within)
        return super().count(query, at_most)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        self._take(query, within)
        return super().summarise(query)

    def _take(self, query: RoomQuery, within: float | None) -> None:
        assert within is not None
        self.clock.now += min(self.needs(query), within)
        if self.needs(query) > within:
            raise OutOfTime


@pytest.mark.parametrize(
    ("prices", "limit", "rooms"),
    [
        ((53, 54, 55, 90), 55, 3),  # 53 and its like end in fives
        ((7, 7, 7, 90), 7, 3),
        ((118, 119, 120, 900), 120, 3),
        ((1234, 1299, 1300, 9000), 1300, 3),
        ((53, 71, 72, 400), 80, 3),  # up to 55 there would be one room only
        ((53, 300), 300, 2),
        ((0, 0, 0), 0, 3),
    ],
)
def test_a_maximum_price_is_raised_to_the_lowest_round_one_with_a_few_rooms(
    prices: tuple[int, ...], limit: int | None, rooms: int
) -> None:
    assert [Suggestion((Filter.PRICE_TO,), limit, rooms)] == advice(priced(*prices), price_to(-1))


@pytest.mark.parametrize("operator", [Operator.LT, Operator.LTE])
def test_a_price_below_a_value_is_a_maximum_price_too(operator: Operator) -> None:
    found = advice(priced(53, 54, 55), (Field.PRICE, operator, 50))

    assert [Suggestion((Filter.PRICE_TO,), 55, 3)] == found


@pytest.mark.parametrize("operator", [Operator.GT, Operator.GTE])
@pytest.mark.parametrize(
    ("prices", "limit", "rooms"), [((56, 57, 58, 20), 55, 3), ((57, 41, 42, 10), 40, 3), ((0, 0), None, 2)]
)
def test_a_minimum_price_is_lowered_likewise(
    operator: Operator, prices: tuple[int, ...], limit: int | None, rooms: int
) -> None:
    found = advice(priced(*prices), (Field.PRICE, operator, 99))

    assert [Suggestion((Filter.PRICE_FROM,), limit, rooms)] == found


@pytest.mark.parametrize(
    ("sizes", "limit", "rooms"), [((31, 32, 33, 9), 32, 2), ((9, None), 9, 1), ((None,), None, 1)]
)
def test_a_minimum_size_is_lowered_or_removed(
    sizes: tuple[int | None, ...], limit: int | None, rooms: int
) -> None:
    found = advice(sized(*sizes), (Field.SIZE, Operator.GTE, 50))

    assert [Suggestion((Filter.SIZE_FROM,), limit, rooms)] == found


def test_a_maximum_size_is_raised() -> None:
    found = advice(sized(31, 32, 33, 90), (Field.SIZE, Operator.LT, 20))

    assert [Suggestion((Filter.SIZE_TO,), 32, 2)] == found


@pytest.mark.parametrize(
    ("distances", "radius", "rooms"),
    [
        ((240,), 250, 1),
        ((260, 490, 510), 500, 2),
        ((2600, 2900, 3100), 3000, 2),
        ((49_000,), 50_000, 1),
        ((51_000, 60_000), None, 2),
    ],
)
def test_a_radius_grows_to_the_smallest_usual_one_with_any_room(
    distances: tuple[int, ...], radius: int | None, rooms: int
) -> None:
    assert [Suggestion((Filter.RADIUS,), radius, rooms)] == advice(away(*distances), Circle(HERE, 200))


def test_a_radius_beyond_the_usual_ones_is_removed() -> None:
    assert [Suggestion((Filter.RADIUS,), None, 1)] == advice(away(80_000), Circle(HERE, 70_000))


def test_an_area_is_removed() -> None:
    assert [Suggestion((Filter.BOX,), None, 2)] == advice(priced(1, 2), BoundingBox(0, 0, 1, 1))


def test_other_conditions_are_removed_together() -> None:
    found = advice(priced(1, 2), (Field.PRICE, Operator.EQ, 7), (Field.SIZE, Operator.NE, 20))

    assert [Suggestion((Filter.OTHER,), None, 2)] == found


def test_either_side_of_a_contradiction_is_loosened() -> None:
    found = advice(priced(30, 31, 32, 101, 102, 103), price_from(100), price_to(50))

    assert [
        Suggestion((Filter.PRICE_TO,), 110, 3),
        Suggestion((Filter.PRICE_FROM,), 30, 3),
    ] == found


def test_the_rest_of_the_search_still_holds() -> None:
    rooms = [*priced(60, 61, 62), make_room(code="far", price=51, latitude=52.0)]

    found = advice(rooms, price_to(50), Circle(HERE, 1000))

    assert [Suggestion((Filter.PRICE_TO,), 65, 3)] == found


def test_two_filters_are_removed_if_one_does_not_help() -> None:
    rooms = [make_room(code="big", price=90, size=50), make_room(code="far", size=5, latitude=40.0)]
    circle = Circle(HERE, 1000)

    found = advice(rooms, price_to(50), (Field.SIZE, Operator.LTE, 10), circle)

    assert [
        Suggestion((Filter.PRICE_TO, Filter.RADIUS), None, 1),
        Suggestion((Filter.PRICE_TO, Filter.SIZE_TO), None, 1),
        Suggestion((Filter.PRICE_TO, Filter.RADIUS, Filter.SIZE_TO), None, 2),
    ] == found


def test_all_filters_are_removed_if_nothing_less_helps() -> None:
    found = advice(priced(60), price_to(50), BoundingBox(0, 0, 1, 1))

    assert [Suggestion((Filter.PRICE_TO, Filter.BOX), None, 1)] == found


def test_without_any_rooms_there_is_no_advice() -> None:
    assert [] == advice([], price_to(50), Circle(HERE, 1000), BoundingBox(0, 0, 1, 1))


def test_counting_stops_at_a_useful_bound() -> None:
    found = advice(priced(*[60] * (COUNT_TO + 7)), BoundingBox(0, 0, 1, 1))

    assert [Suggestion((Filter.BOX,), None, COUNT_TO + 1)] == found


def test_the_number_of_queries_is_bounded() -> None:
    every = (
        price_to(50),
        price_from(60),
        (Field.SIZE, Operator.LTE, 10),
        (Field.SIZE, Operator.GTE, 11),
        (Field.PRICE, Operator.EQ, 1),
        Circle(HERE, 1),
        BoundingBox(0, 0, 1, 1),
    )
    for rooms in ([], priced(70, 80), away(9000)):
        repository = CountingRepo(rooms)
        loosen_search(repository, query(*every), a_second())

        assert repository.asked <= 34


def test_suggestions_that_take_too_long_are_left_out() -> None:
    assert [] == loosen_search(SlowRepo(priced(60)), query(price_to(50), Circle(HERE, 1000)), a_second())


def test_a_slow_query_leaves_time_for_the_others() -> None:
    clock = Clock()
    rooms = [make_room(code="a", price=40, latitude=51.6), make_room(code="b", price=60)]
    slow = PatientRepo(rooms, clock, lambda query: 0.01 if query.conditions else 9.0)

    found = loosen_search(slow, query(price_to(50), Circle(HERE, 100)), Budget(0.5, clock))

    assert [Suggestion((Filter.RADIUS,), 25_000, 1)] == found
    assert clock.now <= 1000.5


def test_if_prices_take_too_long_rooms_are_only_counted() -> None:
    class NoSummary(MemRepo):
        def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
            raise OutOfTime

    assert [Suggestion((Filter.PRICE_TO,), None, 2)] == loosen_search(
        NoSummary(priced(60, 70)), query(price_to(50)), a_second()
    )


_PARTS: dict[Filter, Callable[[int], Condition]] = {
    Filter.PRICE_TO: lambda value: Condition(Field.PRICE, Operator.LTE, value),
    Filter.PRICE_FROM: lambda value: Condition(Field.PRICE, Operator.GTE, value),
    Filter.SIZE_TO: lambda value: Condition(Field.SIZE, Operator.LTE, value),
    Filter.SIZE_FROM: lambda value: Condition(Field.SIZE, Operator.GTE, value),
}


def loosened(query: RoomQuery, suggestion: Suggestion) -> RoomQuery:
    """Build the suggested search again from its parts."""

    def stays(part: RoomQuery) -> bool:
        return not set(filters_of(part)) & set(suggestion.filters)

    conditions = [c for c in query.conditions if stays(RoomQuery(conditions=(c,)))]
    areas = [a for a in query.areas if stays(RoomQuery(areas=(a,)))]
    if suggestion.value is not None:
        (which,) = suggestion.filters
        if which is Filter.RADIUS:
            circles = [area for area in query.areas if isinstance(area, Circle)]
            areas += [Circle(circle.centre, max(circle.radius, suggestion.value)) for circle in circles]
        else:
            conditions.append(_PARTS[which](suggestion.value))
    words = query.words if stays(RoomQuery(words=query.words)) else ()
    return replace(query, conditions=tuple(conditions), areas=tuple(areas), words=words)


@given(room_sets(), queries())
def test_every_count_is_what_the_looser_search_finds(rooms: list[Room], query: RoomQuery) -> None:
    repository = MemRepo(rooms)
    if repository.count(query):
        return

    found = loosen_search(repository, query, a_second())

    assert len(found) <= MOST
    assert bool(found) == bool(rooms and filters_of(query))
    for suggestion in found:
        assert suggestion.rooms == repository.count(loosened(query, suggestion)) > 0
