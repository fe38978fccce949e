"""What prices mean, and how those for one length of time become those for another."""

from fractions import Fraction

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.prices import CURRENCIES, Conversion, Per

PERIODS = st.sampled_from(Per)
PRICES = st.integers(0, 2**31 - 1)


def test_currencies_are_legal_tender_somewhere() -> None:
    territories = get_global("territory_currencies").values()  # CLDR

    expected = {code for used in territories for code, _, end, tender in used if tender and end is None}
    assert expected == CURRENCIES


@pytest.mark.parametrize(
    ("given_", "wanted", "price", "expected"),
    [
        (Per.MONTH, Per.DAY, 4000, 133),
        (Per.MONTH, Per.NIGHT, 915, 31),  # 30.5
        (Per.MONTH, Per.NIGHT, 914, 30),
        (Per.WEEK, Per.DAY, 700, 100),
        (Per.DAY, Per.MONTH, 40, 1200),
        (Per.NIGHT, Per.WEEK, 60, 420),
        (Per.MONTH, Per.WEEK, 1000, 233),
        (Per.DAY, Per.NIGHT, 60, 60),
    ],
)
def test_price_is_converted_by_days_and_half_units_are_rounded_up(
    given_: Per, wanted: Per, price: int, expected: int
) -> None:
    assert expected == Conversion(given_, wanted).converted(price)


@pytest.mark.parametrize(
    ("given_", "wanted", "words"),
    [
        (Per.MONTH, Per.DAY, "divided by 30"),
        (Per.DAY, Per.WEEK, "multiplied by 7"),
        (Per.MONTH, Per.WEEK, "multiplied by 7 and divided by 30"),
    ],
)
def test_conversion_says_what_it_does(given_: Per, wanted: Per, words: str) -> None:
    assert words == str(Conversion(given_, wanted))


@given(PERIODS, PERIODS, PRICES)
def test_price_converted_there_and_back_is_at_most_half_a_unit_off(one: Per, other: Per, price: int) -> None:
    back = Conversion(other, one).converted(Conversion(one, other).converted(price))

    assert abs(back - price) <= Fraction(one.days, 2 * other.days) + Fraction(1, 2)


@given(PERIODS, PERIODS, st.fractions(0, 10**6))
def test_converted_price_is_at_most_half_a_unit_off(one: Per, other: Per, price: Fraction) -> None:
    exact = price * other.days / one.days

    assert abs(Conversion(one, other).converted(price) - exact) <= Fraction(1, 2)
