"""Amounts of money as people read them."""

from fractions import Fraction

import pytest
from babel import localedata
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.prices import CURRENCIES, Per, PriceTerms
from rentomatic.domain.quoting import visible
from rentomatic.money import NO_CURRENCY, Money, locale_tag

POUNDS = Money(PriceTerms("GBP", Per.NIGHT))


def test_amounts_are_plain_numbers_without_a_currency() -> None:
    assert ("1,234", "1,234 per day") == (NO_CURRENCY.amount(1234), NO_CURRENCY.told(1234))
    assert ("55.50", "0.18", "below 0.01") == tuple(
        NO_CURRENCY.amount(Fraction(*value)) for value in ((111, 2), (39, 215), (1, 300))
    )
    assert "Price per day" == NO_CURRENCY.label
    assert "Whole currency units per day." == NO_CURRENCY.about


def test_amounts_have_their_currencys_sign_and_whole_ones_no_decimals() -> None:
    assert ("£60", "£1,234", "£60 per night") == (POUNDS.amount(60), POUNDS.amount(1234), POUNDS.told(60))
    assert ("£55.50", "£2", "below £0.01") == tuple(
        POUNDS.amount(Fraction(*value)) for value in ((111, 2), (1999, 1000), (1, 300))
    )
    assert "Price per night (£)" == POUNDS.label
    assert "Whole currency units per night, in GBP (British Pound)." == POUNDS.about


@pytest.mark.parametrize(
    ("currency", "locale", "whole", "fraction"),
    [
        ("EUR", "de", "1.234\xa0€", "0,67\xa0€"),
        ("EUR", "fr", "1\u202f234\xa0€", "0,67\xa0€"),
        ("CHF", "de-CH", "CHF\xa01'234", "CHF\xa00.67"),
        ("SEK", "en", "SEK\xa01,234", "SEK\xa00.67"),
        ("SEK", "sv", "1\xa0234\xa0kr", "0,67\xa0kr"),
        ("JPY", "en", "¥1,234", "below ¥1"),
        ("KWD", "en", "KWD\xa01,234", "KWD\xa00.667"),
        ("INR", "en-IN", "₹1,234", "₹0.67"),
        ("EUR", "he", "1,234\xa0€", "0.67\xa0€"),
        ("EUR", "ar", "1,234\xa0€", "0.67\xa0€"),
    ],
)
def test_locale_decides_how_an_amount_is_written(
    currency: str, locale: str, whole: str, fraction: str
) -> None:
    money = Money(PriceTerms(currency), locale)

    assert (whole, fraction) == (money.amount(1234), money.amount(Fraction(2, 3)))


@given(
    st.sampled_from(sorted(CURRENCIES)),
    st.sampled_from(sorted(set(localedata.locale_identifiers()) - {"root"})),
    st.integers(0, 2**31 - 1),
)
def test_every_amount_keeps_its_digits_and_has_no_hidden_characters(
    currency: str, locale: str, price: int
) -> None:
    money = Money(PriceTerms(currency), locale_tag(locale))

    shown = money.amount(price)

    assert str(price) == "".join(sign for sign in shown if sign.isascii() and sign.isdigit())
    assert shown == visible(shown)
    assert shown != f"{price:,}"


@pytest.mark.parametrize(
    ("text", "tag"),
    [("en", "en"), ("de", "de"), ("en_gb", "en-GB"), ("fr-CH", "fr-CH"), ("zh-TW", "zh-Hant-TW")],
)
def test_locale_is_written_as_in_browsers(text: str, tag: str) -> None:
    assert tag == locale_tag(text)
