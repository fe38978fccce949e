from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.comparison import Standing, compare, price_per_area, standing
from rentomatic.domain.room import Room
from tests.builders import PRICES, ROOMS, make_room


def among(own: int, *others: int) -> Standing:
    found = standing(Fraction(own), map(Fraction, others))
    assert found
    return found


def test_without_others_there_is_no_rank() -> None:
    assert standing(Fraction(60), []) is None


@pytest.mark.parametrize(
    ("others", "middle"),
    [((7,), 7), ((9, 1, 5), 5), ((1, 2), Fraction(3, 2)), ((10, 40, 20, 30), 25), ((5, 5, 5, 9), 5)],
)
def test_the_median_is_in_the_middle(others: tuple[int, ...], middle: Fraction) -> None:
    assert middle == among(1, *others).median


@pytest.mark.parametrize(
    ("own", "others", "percentile"),
    [
        (1, (2, 3, 4), 0),
        (5, (2, 3, 4), 100),
        (3, (3,), 50),
        (3, (3, 3, 3), 50),
        (3, (1, 3, 4, 5), Fraction(75, 2)),  # one below and half of one: 1.5 of 4
        (3, (1, 2, 4), Fraction(200, 3)),
    ],
)
def test_the_percentile_counts_those_below_and_half_of_those_equal(
    own: int, others: tuple[int, ...], percentile: Fraction
) -> None:
    assert percentile == among(own, *others).percentile


def test_others_are_below_equal_or_above() -> None:
    found = among(60, 40, 60, 50, 60, 90)

    assert (2, 2, 1) == (found.below, found.equal, found.above)
    assert (Fraction(40), Fraction(90)) == (found.lowest, found.highest)


def test_a_room_without_a_value_still_gets_the_median_of_the_others() -> None:
    found = standing(None, [Fraction(1), Fraction(3)])

    assert found == Standing(
        own=None, others=2, lowest=Fraction(1), median=Fraction(2), highest=Fraction(3), below=0, equal=0
    )
    assert found.percentile is None


@given(PRICES, st.lists(PRICES, min_size=1))
def test_a_percentile_is_between_0_and_100_and_the_median_between_the_extremes(
    own: int, others: list[int]
) -> None:
    found = among(own, *others)

    assert found.percentile is not None
    assert 0 <= found.percentile <= 100
    assert found.lowest <= found.median <= found.highest


@given(ROOMS, st.lists(ROOMS, min_size=1))
def test_prices_per_area_compare_exactly_however_close_they_are(room: Room, others: list[Room]) -> None:
    own = price_per_area(room)
    quotients = [quotient for quotient in map(price_per_area, others) if quotient is not None]

    found = standing(own, quotients)

    assert bool(found) == bool(quotients)
    if found and own is not None:
        assert found.below == sum(quotient < own for quotient in quotients)
        assert found.equal == sum(quotient == own for quotient in quotients)
        assert found.median == median(quotients)


def test_the_price_per_area_is_exact() -> None:
    assert Fraction(39, 215) == price_per_area(make_room(price=39, size=215))
    assert price_per_area(make_room(size=None)) is None


def test_prices_per_area_include_only_rooms_with_a_size() -> None:
    room = make_room(price=60, size=20)
    others = (make_room(code="b", price=40, size=20), make_room(code="c", price=1, size=None))

    found = compare(room, others, 1000, complete=True)

    assert found.price
    assert found.price_per_area
    assert (2, 1) == (found.price.others, found.price_per_area.others)
    assert found.price.median == Fraction(41, 2)
    assert found.price.percentile == 100
    assert found.price_per_area.median == 2
    assert found.price_per_area.percentile == 100


def test_there_is_no_price_per_area_without_a_neighbour_with_a_size() -> None:
    found = compare(make_room(), (make_room(code="b", size=None),), 1000, complete=True)

    assert found.price
    assert found.price_per_area is None
