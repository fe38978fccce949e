"""The currency and the period of prices in listings: understood, and refused where they are others'."""

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.prices import CURRENCIES, PLAIN, Per, PriceTerms
from rentomatic.listings import csv, ndjson
from rentomatic.listings.amounts import UnclearAmount
from rentomatic.listings.columns import Columns
from rentomatic.listings.prices import PriceReader
from rentomatic.listings.source import ListingError
from rentomatic.use_cases.import_rooms import Refusal, Remedy
from tests.builders import make_room
from tests.listings.listings import lines_of

POUNDS_PER_NIGHT = PriceTerms("GBP", Per.NIGHT)


def refusal(reader: PriceReader, text: str) -> str:
    with pytest.raises(ValueError, match=r"^is ") as refused:
        reader.read(text)
    return str(refused.value)


@pytest.mark.parametrize("text", ["£85", "85 £", "GBP 85", "85 GBP", "85", "£85.00", "£ 85 per night"])
def test_price_in_the_currency_or_without_one_is_accepted(text: str) -> None:
    assert PriceReader(POUNDS_PER_NIGHT).read(text) == 85


@pytest.mark.parametrize("sign", ["€", "EUR", "$", "US$", "kr", "zł", "₺", "₹", "¥", "CHF", "BGN"])
def test_price_in_another_currency_is_refused_with_the_reason(sign: str) -> None:
    reader = PriceReader(POUNDS_PER_NIGHT)

    assert f"is in {sign}, but prices are in GBP" == refusal(reader, f"{sign} 85")
    assert f"is in {sign}, but prices are in GBP" == refusal(reader, f"85 {sign}")


@pytest.mark.parametrize(
    ("sign", "currencies"),
    [
        ("$", ["USD", "AUD", "CAD", "NZD", "SGD", "HKD", "MXN", "COP"]),
        ("kr", ["DKK", "ISK", "NOK", "SEK"]),
        ("£", ["GBP", "EGP"]),
        ("¥", ["JPY", "CNY"]),
        ("A$", ["AUD"]),
        ("C$", ["CAD"]),
        ("US$", ["USD"]),
        ("R$", ["BRL"]),
    ],
)
def test_sign_is_accepted_for_each_of_its_currencies(sign: str, currencies: list[str]) -> None:
    for currency in currencies:
        assert PriceReader(PriceTerms(currency)).read(f"{sign}85") == 85


@pytest.mark.parametrize(("sign", "currency"), [("US$", "CAD"), ("A$", "USD"), ("C$", "AUD"), ("$", "EUR")])
def test_dollar_of_another_country_is_refused(sign: str, currency: str) -> None:
    assert f"is in {sign}, but prices are in {currency}" == refusal(
        PriceReader(PriceTerms(currency)), f"{sign}85"
    )


@given(st.sampled_from(sorted(CURRENCIES)), st.integers(0, 2**31 - 1), st.sampled_from(["{} {}", "{1} {0}"]))
def test_code_of_every_currency_is_understood_before_and_after_the_number(
    currency: str, price: int, form: str
) -> None:
    assert price == PriceReader(PriceTerms(currency)).read(form.format(currency, price))
    assert price == PriceReader(PLAIN).read(form.format(currency, price))


AT_HOME = [
    *[("AUD", "en_AU"), ("BRL", "pt"), ("CAD", "en_CA"), ("CZK", "cs"), ("DKK", "da")],
    *[
        ("EUR", "de"),
        ("EUR", "fr"),
        ("EUR", "it"),
        ("EUR", "nl"),
        ("GBP", "en"),
        ("HUF", "hu"),
        ("JPY", "ja"),
    ],
    *[("MXN", "es_MX"), ("NOK", "nb"), ("PLN", "pl"), ("SEK", "sv"), ("TRY", "tr"), ("USD", "en")],
]
"""Currencies, and the locales of where they are used."""


@given(st.sampled_from(AT_HOME), st.integers(0, 2**31 - 1))
def test_price_is_read_in_the_notation_of_its_country(where: tuple[str, str], price: int) -> None:
    currency, locale = where

    assert price == PriceReader(PriceTerms(currency)).read(format_currency(price, currency, locale=locale))


def test_without_a_configured_currency_any_single_one_is_accepted() -> None:
    reader = PriceReader(PLAIN)

    assert [85, 90, 60] == [reader.read(text) for text in ("€85", "90 EUR", "60")]
    assert "is in $, but a price before it is in €" == refusal(reader, "$85")
    assert "is in GBP, but a price before it is in €" == refusal(reader, "GBP 85")
    assert reader.read("€ 70") == 70


def test_dollar_means_the_dollar_of_an_earlier_price() -> None:
    reader = PriceReader(PLAIN)

    assert [85, 90, 60] == [reader.read(text) for text in ("$85", "US$90", "$60")]
    assert "is in A$, but a price before it is in US$" == refusal(reader, "A$85")


MONTHLY = [
    *("4000/mo", "$4,000/mo", "$4,000 / month", "4000 pcm", "£4000pcm", "4000 p.c.m.", "4000 monthly"),
    *("4000 a month.", "4.000,00 € pro Monat", "4000 € par mois", "4000 al mes", "4000 EUR al mese"),
    *("R$ 4000 por mês", "4000 per maand"),
]


@pytest.mark.parametrize("text", MONTHLY)
def test_price_for_another_period_is_refused_with_advice(text: str) -> None:
    with pytest.raises(UnclearAmount, match=r"^is a price per month, not per day$") as refused:
        PriceReader(PLAIN).read(text)

    caution = "which then holds for every price in the file"
    assert Remedy("price_per", ("month",), caution) == refused.value.remedy


@pytest.mark.parametrize("text", [*MONTHLY, "4000", "$4,000.40", "3999.50"])
def test_prices_of_a_listing_per_month_are_divided_and_rounded(text: str) -> None:
    assert PriceReader(PLAIN, Per.MONTH).read(text) == 133


@pytest.mark.parametrize("text", MONTHLY)
def test_price_for_the_same_period_is_unchanged(text: str) -> None:
    assert PriceReader(PriceTerms(per=Per.MONTH)).read(text) == 4000


@pytest.mark.parametrize("text", ["60 per night", "60/night", "£60 a night", "60 € pro Nacht", "60 nightly",
                                  "60 par jour", "60 al giorno", "60 a day"])  # fmt: skip
def test_a_night_is_as_long_as_a_day(text: str) -> None:
    assert PriceReader(PLAIN).read(text) == 60
    assert PriceReader(POUNDS_PER_NIGHT).read(text.replace("€", "£")) == 60


@pytest.mark.parametrize(
    ("text", "per"),
    [("60 per night", "night"), ("£60 p.w.", "week"), ("60/wk", "week"), ("60 pro Woche", "week")],
)
def test_price_for_another_period_than_requested_is_refused(text: str, per: str) -> None:
    assert f"is a price per {per}, not per month" == refusal(PriceReader(PLAIN, Per.MONTH), text)


@pytest.mark.parametrize("text", ["60 per guest", "on request / month", "per night", "60 / 2", "monthly"])
def test_words_that_are_not_a_period_or_lack_a_number_are_refused(text: str) -> None:
    assert "is not a number" == refusal(PriceReader(PLAIN), text)


@pytest.mark.parametrize("text", ["", " ", "\u00a0"])
def test_empty_price_is_reported_as_empty(text: str) -> None:
    assert "is empty" == refusal(PriceReader(PLAIN), text)


@pytest.mark.parametrize("text", ["6" + " " * 900_000 + "6", "/ " * 400_000, "$" * 900_000, ".-" * 400_000])
def test_very_long_price_is_refused_at_once(text: str) -> None:
    assert "is not a number" == refusal(PriceReader(PLAIN), text)


PER_MONTH = PriceTerms("GBP", Per.MONTH)


def test_column_named_after_another_period_is_refused_with_advice() -> None:
    listing = "code,size,price_per_night,latitude,longitude\na1,20,60,51.5,-0.12\n"
    with pytest.raises(
        ListingError, match="column 'price_per_night' is a price per night, not per m"
    ) as refused:
        list(csv.read(lines_of(listing), Columns(terms=PER_MONTH)))

    advised = csv.read(lines_of(listing), Columns(terms=PER_MONTH, per=Per.NIGHT))
    mapped = csv.read(lines_of(listing), Columns({"price": "price_per_night"}, terms=PER_MONTH))
    caution = "which then holds for every price in the file"
    assert Remedy("price_per", ("night",), caution) == refused.value.remedy
    assert [make_room(price=1800)] == list(advised)
    assert [make_room(price=60)] == list(mapped)


NEUTRAL = {"price", "rate", "preis", "prix", "tarif", "precio", "tarifa", "prezzo", "tariffa", "preco"}
NEUTRAL |= {"prijs", "tarief"}


@pytest.mark.parametrize("name", FIELD[Field.PRICE].columns)
def test_every_usual_name_with_a_period_is_held_against_that_of_the_prices(name: str) -> None:
    listing = f"code,size,{name},latitude,longitude\na1,20,60,51.5,-0.12\n"

    refused = False
    try:
        list(csv.read(lines_of(listing), Columns(terms=PER_MONTH)))
    except ListingError:
        refused = True

    assert (name not in NEUTRAL) == refused


@pytest.mark.parametrize(
    ("price", "expected"), [("1800", 60), ("1800.0", 60), ('"1800"', 60), ('"$1,815/mo"', 61)]
)
def test_prices_in_ndjson_are_converted_too(price: str, expected: int) -> None:
    line = f'{{"code": "a1", "size": 20, "price": {price}, "latitude": 51.5, "longitude": -0.12}}\n'

    assert [make_room(price=expected)] == list(ndjson.read(lines_of(line), Columns(per=Per.MONTH)))


def priced(header: str, *prices: str, terms: PriceTerms = POUNDS_PER_NIGHT) -> list[object]:
    """Return the prices of a listing with that header, or the reasons why they are refused."""
    lines = [f"r{number},51.5,-0.12,{price}\n" for number, price in enumerate(prices)]
    read = csv.read(lines_of(f"code,lat,lng,{header}\n{''.join(lines)}"), Columns(terms=terms))
    return [found.reason if isinstance(found, Refusal) else found.price for found in read]


@pytest.mark.parametrize(
    "name",
    [*("Price (GBP)", "price_gbp", "GBP price", "Price in £", "Price £", "price per night (GBP)"),
     *("Preis/Nacht (£)", "nightly_price_gbp", "PRICE GBP PER NIGHT")],
)  # fmt: skip
def test_column_whose_name_says_the_currency_is_the_price(name: str) -> None:
    assert [60] == priced(name, "60")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Price (EUR)", "is in EUR, but prices are in GBP"),
        ("price_usd", "is in USD, but prices are in GBP"),
        ("Price (US$)", "is in US$, but prices are in GBP"),
        ("Preis in €", "is in €, but prices are in GBP"),
        ("price per month (GBP)", "is a price per month, not per night"),
        ("monthly_price", "is a price per month, not per night"),
        ("Preis/Woche", "is a price per week, not per night"),
    ],
)
def test_column_whose_name_says_another_currency_or_period_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ListingError) as refused:
        priced(name, "60")

    assert f"the column '{name}' {reason}" == str(refused.value)


def test_column_of_another_currency_is_refused_also_if_it_is_mapped() -> None:
    with pytest.raises(ListingError, match="is in EUR, but prices are in GBP"):
        Columns({"price": "Miete (EUR)"}, terms=POUNDS_PER_NIGHT).find(["id", "lat", "lng", "Miete (EUR)"])


@pytest.mark.parametrize("name", ["reviews_per_month", "minimum nights", "deposit (GBP)", "usd", "month"])
def test_column_of_something_else_is_not_the_price(name: str) -> None:
    with pytest.raises(ListingError, match="no column for the price"):
        priced(name, "60")


def test_column_of_currencies_must_say_that_of_the_prices() -> None:
    read = priced("price,currency", "60,GBP", "60,gbp", "60,£", "60,", "60,EUR", "60,Pfund")

    assert [*[60] * 4, "is in EUR, but prices are in GBP", "is not a currency, such as EUR or €"] == read


def test_column_of_currencies_has_only_one_without_a_configured_currency() -> None:
    read = priced("price,Währung", "60,USD", "$60,USD", "60,EUR", terms=PLAIN)

    assert [60, 60, "is in EUR, but a price before it is in USD"] == read


def test_column_of_currencies_can_be_left_out() -> None:
    columns = Columns({"currency": ""}, terms=POUNDS_PER_NIGHT)
    (room,) = csv.read(lines_of("code,lat,lng,price,currency\na1,51.5,-0.12,60,EUR\n"), columns)

    assert make_room(size=None) == room
    assert columns.header.taken["currency"] is None
