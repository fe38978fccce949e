"""Amounts as people write them: understood if the meaning is certain, otherwise refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.prices import PLAIN
from rentomatic.listings.amounts import DAYS, GUESTS, Decimal, UnclearAmount, degrees, whole_number
from rentomatic.listings.prices import PriceReader
from rentomatic.listings.sizes import SizeReader
from rentomatic.use_cases.import_rooms import Remedy

UNDERSTOOD = {
    "0": 0,
    "60": 60,
    "  60  ": 60,
    "0060": 60,
    "60.": 60,
    "60.0": 60,
    "60.00": 60,
    "60,00": 60,
    "0.00": 0,
    "$60": 60,
    "$ 60": 60,
    "60 $": 60,
    "$60.00": 60,
    "$1,200": 1200,
    "$1,200.00": 1200,
    "£1,200": 1200,
    "USD 1,200": 1200,
    "1,200 GBP": 1200,
    "€85": 85,
    "85€": 85,
    "85 EUR": 85,
    "EUR 85": 85,
    "85 kr.": 85,
    "85 zł": 85,
    "¥12000": 12000,
    "1.200,00 €": 1200,
    "1.200,00": 1200,
    "1,200.00": 1200,
    "1 200": 1200,
    "1 200,00 €": 1200,
    "1\u00a0200": 1200,
    "1\u202f200,00\u00a0€": 1200,
    "1\u2009200": 1200,
    "1'200": 1200,
    "1’200": 1200,
    "CHF 1'200.00": 1200,
    "1,200,000": 1_200_000,
    "1.200.000": 1_200_000,
    "1 200 000": 1_200_000,
    "1.200.000,00 €": 1_200_000,
    "60,00 £": 60,
    "1.200,00 $": 1200,
    "2147483647": 2_147_483_647,
}

NOT_A_NUMBER = [
    "free",
    "on request",
    "$",
    "EUR",
    "-5",
    "-$5",
    "$-5",
    "(5)",
    "+5",
    "²",
    "٣",
    "６０",
    "1e3",
    "1_000",
    "0x3c",
    "NaN",
    "Infinity",
    "1e999",
    "60-80",
    "60/80",
    "60\x00",
    "6\x000",
    "$$60",
    "60 EUR EUR",
    "1,20,00",
    "12,00,000",
    "1.200.00",
    "1,200.00.00",
    ",60",
    ".60",
    "1`200",
    "1\n200",
    "=60",
]


def whole_price(text: str, decimal: Decimal | None = None, rounded: bool = False) -> int:
    """The price that a listing without another one means."""
    return PriceReader(PLAIN, None, decimal, rounded).read(text)


def understood(text: str) -> int | None:
    """Return the price, None if it is refused."""
    try:
        return whole_price(text)
    except ValueError:
        return None


@pytest.mark.parametrize(("text", "expected"), UNDERSTOOD.items())
def test_an_unambiguous_price_is_understood(text: str, expected: int) -> None:
    assert expected == whole_price(text)


@pytest.mark.parametrize("text", NOT_A_NUMBER)
def test_text_that_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        whole_price(text)


@pytest.mark.parametrize("text", ["12.50", "12,5", "$12.50", "12,50 €", "0.5", "1.200,50", "1,200.01", "1.2"])
def test_a_price_with_a_fraction_is_refused_and_not_rounded(text: str) -> None:
    with pytest.raises(UnclearAmount, match="is not a whole number") as refused:
        whole_price(text)

    assert refused.value.remedy == Remedy("round", ("true",))


@pytest.mark.parametrize("text", ["1,200", "1.200", "€1,200", "1.200 €", "12,000", "120.000", "1,200 EUR"])
def test_an_ambiguous_separator_is_refused_with_advice(text: str) -> None:
    with pytest.raises(UnclearAmount, match="thousands or a fraction") as refused:
        whole_price(text)

    assert refused.value.remedy == Remedy("decimal", ("point", "comma"))


@pytest.mark.parametrize("text", ["$1.200", "$180.000", "$ 95.000", "£1.000"])
def test_a_currency_sign_does_not_settle_an_ambiguous_separator(text: str) -> None:
    # $180.000 is 180 thousand in Bogotá, Santiago and Buenos Aires.
    with pytest.raises(ValueError, match=r"whole number|thousands or a fraction"):
        whole_price(text)


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("1,200", Decimal.POINT, 1200),
        ("1.200", Decimal.COMMA, 1200),
        ("1.000", Decimal.POINT, 1),
        ("1,000", Decimal.COMMA, 1),
        ("1,200.00", Decimal.POINT, 1200),
        ("1.200,00", Decimal.COMMA, 1200),
        ("60", Decimal.COMMA, 60),
        ("60,00", Decimal.COMMA, 60),
        ("1 200,00", Decimal.COMMA, 1200),
        ("$1.200", Decimal.COMMA, 1200),
        ("€1,200", Decimal.POINT, 1200),
        ("1'200.00", Decimal.POINT, 1200),
    ],
)
def test_a_stated_decimal_settles_what_a_separator_means(text: str, decimal: Decimal, expected: int) -> None:
    assert expected == whole_price(text, decimal)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("1,200", Decimal.COMMA),
        ("1.200", Decimal.POINT),
        ("1.200,00", Decimal.POINT),
        ("1,200.00", Decimal.COMMA),
        ("60,00", Decimal.POINT),
        ("$1,200", Decimal.COMMA),
    ],
)
def test_a_price_that_does_not_fit_the_stated_decimal_is_refused(text: str, decimal: Decimal) -> None:
    with pytest.raises(ValueError, match=r"is not a (whole )?number"):
        whole_price(text, decimal)


@pytest.mark.parametrize("text", ["60 80", "12 50", "1 2", "1 20", "1 2000", "10 0000"])
def test_a_space_that_does_not_group_thousands_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        whole_price(text)


@pytest.mark.parametrize("zeros", [1, 5, 10, 11, 20])
def test_leading_zeros_do_not_change_a_price(zeros: int) -> None:
    price = understood("0" * zeros + "60")

    assert price in (60, None)  # refusing it would be right too; misreading it would not


@pytest.mark.parametrize("text", ["9" * 12, "9" * 13, "9" * 5000, "$" + "9" * 13, "1" + " 000" * 100])
def test_a_huge_price_never_overflows_into_range(text: str) -> None:
    price = understood(text)

    assert price is None or price > 2**31


@given(st.integers(0, 10**9))
def test_every_way_to_group_thousands_means_the_same(price: int) -> None:
    grouped = f"{price:,}"
    german, swiss, french = (grouped.replace(",", mark) for mark in ".'\u202f")

    assert price == whole_price(f"${grouped}.00")
    assert price == whole_price(f"{german},00 €")
    assert price == whole_price(f"CHF {swiss}")
    assert price == whole_price(f"{french} €")


@given(st.text(max_size=12) | st.text("0123456789.,' €$-+e", max_size=12))
def test_any_text_gives_a_price_or_a_reason(text: str) -> None:
    try:
        price = whole_price(text)
    except ValueError as error:
        assert str(error).startswith(("is not", "is ambiguous", "is empty"))
    else:
        assert price >= 0


@pytest.mark.parametrize(
    "text",
    [
        "25",
        "25 m²",
        "25m²",
        "25 m2",
        "25 m^2",
        "25 qm",
        "25 SQM",
        "25 sq. m.",
        "25 mq",
        "25.0",
        "25,00 m²",
        "25㎡",
        "25 m 2",
        "25 sq m",
        "25 sq.m.",
        "25 square metres",
        "25 square meters",
        "25 Quadratmeter",
        "25 qm.",
        "25 mq.",
        "25 mètres carrés",
        "25 metros cuadrados",
        "25 metri quadri",
        "25 metros quadrados",
        "25 vierkante meter",
    ],
)
def test_a_size_may_carry_its_unit(text: str) -> None:
    assert SizeReader().read(text) == 25


@pytest.mark.parametrize("text", ["", " ", "-", "NA", "n/a", "N/A", "NaN", "null", "None", "—", "?"])
def test_a_size_may_be_unstated(text: str) -> None:
    assert SizeReader().read(text) is None


@pytest.mark.parametrize(
    "text",
    ["m²", "sq ft", "25.5", "25 m", "large", "-25", "1,200 m²", "20 25", "20 m² 5", "ca. 25 m²", "25 cm²"],
)
def test_an_uncertain_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|is ambiguous"):
        SizeReader().read(text)


@pytest.mark.parametrize(
    "text",
    [
        "270 sq ft",
        "270 sq.ft.",
        "270 sq. ft.",
        "270 SQFT",
        "270 sq feet",
        "270 square feet",
        "270 ft²",
        "270 ft2",
        "270 sf",
        "270 square foot",
    ],
)
def test_square_feet_are_converted_and_counted(text: str) -> None:
    sizes = SizeReader()

    assert (25, 1) == (sizes.read(text), sizes.converted)  # 25.08 m²


def test_a_number_is_square_feet_where_the_column_says_so_unless_it_says_m2() -> None:
    sizes = SizeReader()
    sizes.in_feet = True

    assert [25, 25, 25, None] == [sizes.read(text) for text in ("270", "270 sqft", "25 m²", "")]


@pytest.mark.parametrize(
    ("unit", "texts"),
    [
        (
            GUESTS,
            ["3", "3 guests", "3 Guests", "3 Personen", "3 pers.", "3 personnes", "3 huéspedes", "3 ospiti"],
        ),
        (
            DAYS,
            ["3", "3 nights", "3 days", "3 Nächte", "3 nuits", "3 noches", "3 notti", "3 noites", "3 dagen"],
        ),
    ],
)
def test_a_number_may_be_followed_by_a_usual_word(unit: re.Pattern[str], texts: list[str]) -> None:
    assert {3} == {whole_number(unit, None, False, text) for text in texts}


@pytest.mark.parametrize("text", ["2 weeks", "1 month", "2 guests", "nights", "2 or 3 nights"])
def test_a_number_with_another_word_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        whole_number(DAYS, None, False, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("51.5074", 51.5074),
        ("-0.1278", -0.1278),
        ("+2.17", 2.17),
        (" 41,4042 ", 41.4042),
        ("-180", -180.0),
        ("0", 0.0),
        ("1e-05", 0.00001),  # how Python, JavaScript and Excel write very small numbers
        ("-2.1E-05", -0.000021),
    ],
)
def test_degrees_may_have_a_point_or_a_comma(text: str, expected: float) -> None:
    assert expected == degrees(text)


@given(st.floats(-180, 180))
def test_degrees_are_read_as_python_writes_them(value: float) -> None:
    assert value == degrees(repr(value))


@pytest.mark.parametrize(
    "text",
    ["", "north", "nan", "inf", "²", "٤١", "1_0", "51°30'", "1.2.3", "1,2,3", "0x1", "−5", "--5"],
)
def test_invalid_degrees_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number of degrees"):
        degrees(text)


@pytest.mark.parametrize("text", ["85,-", "85.-", "85,—", "€ 85,-", "US$85", "R$ 85", "C$85.00"])
def test_a_price_may_carry_its_currency(text: str) -> None:
    assert 85 == whole_price(text)


@pytest.mark.parametrize("text", ["600 PCX", "PPW 300", "MIN 60", "60 DAY", "60 EURO", "60 XXX"])
def test_other_words_are_not_taken_for_a_currency(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        whole_price(text)


@pytest.mark.parametrize(
    ("text", "price"),
    [("49.99", 50), ("75,50", 76), ("$ 1,289.49", 1289), ("12.5", 13), ("0.4999", 0), ("60", 60)],
)
def test_a_price_with_a_fraction_is_rounded_on_request(text: str, price: int) -> None:
    assert price == whole_price(text, rounded=True)


def test_a_size_with_a_fraction_is_rounded_on_request() -> None:
    assert 26 == SizeReader(rounded=True).read("25.5 m²")
