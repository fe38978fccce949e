"""Prices with their currency and period on the command line."""

import json

import pytest

from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage
from tests.cli.test_import import HEADER, told, write


@pytest.fixture(autouse=True)
def rooms(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rooms, with prices in pounds per night."""
    storage.put(make_room(code="a", price=60), make_room(code="b", price=1200))
    monkeypatch.setenv("RENTOMATIC_CURRENCY", "GBP")
    monkeypatch.setenv("RENTOMATIC_PRICE_PER", "night")


def test_tables_show_prices_with_currency_and_period(rentomatic: CommandLine) -> None:
    found, shown = rentomatic("search", "--sort", "price").out, rentomatic("show", "b").out

    above, header, _, first, second, *_ = found.strip().splitlines()
    assert "price" == above.strip()
    assert ["code", "size", "per", "night", "latitude"] == header.split()[:5]
    assert ["£60", "£1,200"] == [line.split()[3] for line in (first, second)]
    assert "£1,200" in shown


def test_summary_shows_prices_with_their_currency(rentomatic: CommandLine) -> None:
    first, _, *bars = rentomatic("summary").out.splitlines()

    assert "2 rooms, price per night £60 to £1,200, size in m² 20" == first
    assert "£0-£99" == bars[0].split()[0]
    assert ["£1,200", "and", "more"] == bars[-1].split()[:3]


def test_programs_get_plain_numbers_and_the_summary_states_their_unit(rentomatic: CommandLine) -> None:
    (room,) = json.loads(rentomatic("show", "a", "--format", "json").out)
    summary = json.loads(rentomatic("summary", "--format", "json").out)

    assert room["price"] == 60
    assert ("GBP", "night") == (summary["currency"], summary["per"])


def test_locale_affects_prices_in_tables(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENTOMATIC_LOCALE", "de")

    assert "1.200\xa0£" in rentomatic("show", "b").out


def test_import_accepts_the_advice_for_prices_per_month(rentomatic: CommandLine, storage: Storage) -> None:
    listing = write(HEADER + 'a,20,"£4,000/mo",51.5,-0.12\nb,20,€85,51.5,-0.12\n')

    refused = rentomatic("import", listing)
    taken = rentomatic("import", listing, "--price-per", "month")

    assert refused.err.startswith(
        "Refused: line 2, price '£4,000/mo': is a price per month, not per night: try --price-per month, "
        "which then holds for every price in the file\n"
        "Refused: line 3, price '€85': is in €, but prices are in GBP\n"
    )
    assert "Refused: line 3, price '€85': is in €, but prices are in GBP\n" in taken.err
    assert "1 price per month was divided by 30 and rounded.\n" in taken.err
    assert (1, told(replaced=1, refused=1)) == (taken.code, taken.out)
    assert [133, 1200] == [room.price for room in storage.rooms()]


def test_dry_run_says_what_would_be_converted(rentomatic: CommandLine) -> None:
    listing = write(HEADER + "c,20,900,51.5,-0.12\nd,20,1000,51.5,-0.12\n")

    done = rentomatic("import", listing, "--price-per", "month", "--dry-run")

    assert "2 prices per month would be divided by 30 and rounded.\n" in done.err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RENTOMATIC_CURRENCY", "EURO", "must be the ISO 4217 code"),
        ("RENTOMATIC_CURRENCY", "XXX", "must be the ISO 4217 code"),
        ("RENTOMATIC_PRICE_PER", "year", "must be one of day, night, week, month"),
        ("RENTOMATIC_LOCALE", "xx", "must be a locale of CLDR"),
    ],
)
def test_wrong_value_stops_the_start_and_is_named_by_doctor(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)

    served, doctor = rentomatic("serve"), rentomatic("doctor", "--format", "json")

    assert (2, f"Error: {name}: {said}") == (served.code, served.err[: len(f"Error: {name}: {said}")])
    assert f"{name}: {said}" in doctor.out
