"""Prices with their currency and period: on the pages, in the API and in imports."""

import re

import pytest
from falcon import testing

from rentomatic.domain.prices import Per, PriceTerms
from rentomatic.money import Money
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.web.access.keys import Keys
from rentomatic.web.app import create_app
from tests.builders import make_room
from tests.web.conftest import get
from tests.web.contract import ContractClient
from tests.web.pages.test_staff_import import multipart
from tests.web.staff import FROM_HERE, MULTIPART, Staff

POUNDS_PER_NIGHT = Money(PriceTerms("GBP", Per.NIGHT))
HEADER = "code,size,price,latitude,longitude\n"
CAUTION = "which then holds for every price in the file"


def client_with(money: Money, repository: MemRepo | None = None) -> ContractClient:
    return ContractClient(create_app(repository or MemRepo(FIRST_ROOMS), money=money))


@pytest.fixture
def client() -> testing.TestClient:
    """The application of rooms whose prices are in pounds per night."""
    return client_with(POUNDS_PER_NIGHT)


@pytest.fixture
def staff() -> Staff:
    """Somebody of the staff there."""
    repository = MemRepo([make_room(code="old", price=60)])
    someone = Staff(repository)
    someone.client = ContractClient(
        create_app(repository, keys=Keys([someone.entry]), money=POUNDS_PER_NIGHT)
    )
    return someone


def text_of(page: testing.Result) -> str:
    """What a page says, without its tags."""
    return re.sub(r"[ \n]+", " ", re.sub("<[^>]+>", "", page.text))


def test_list_shows_the_price_per_night(client: testing.TestClient) -> None:
    page = get(client, "/")

    assert "£39 per night" in text_of(page)
    assert "<legend>Price per night (£)</legend>" in page.text
    assert 'aria-label="Most rooms cost £38 to £39 per night"' in page.text
    assert "<figcaption><span>£38</span><span>£66 and more</span></figcaption>" in page.text
    assert 'aria-label="Lowest price per night"' in page.text
    assert 'data-currency="GBP" data-locale="en" data-per="per night"' in page.text


def test_filters_and_errors_show_the_currency_and_the_period(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__gte=1000&filter_price__lte=2000")
    wrong = get(client, "/?filter_price__lte=cheap")

    assert "From £1,000 per night" in page.text
    assert "Up to £2,000 per night" in page.text
    assert re.search("From £[0-9]+ per night: [0-9]+ rooms?", text_of(get(client, "/?filter_price__gte=70")))
    assert "Price per night, to: must be a whole number" in text_of(wrong)


def test_room_page_and_its_comparison_show_the_currency(client: testing.TestClient) -> None:
    page = get(client, f"/room/{FIRST_ROOMS[0].code}")

    assert "<h1>Room for £39 per night, 215 m²</h1>" in page.text
    assert "<dt>Price</dt><dd>£39 per night</dd>" in page.text
    assert "<dt>Price per m²</dt><dd>£0.18 per night</dd>" in page.text
    assert 'data-amount="£39"' in page.text


def test_locale_affects_amounts_and_no_other_numbers() -> None:
    rooms = MemRepo([make_room(price=1234, size=1500)])
    client = client_with(Money(PriceTerms("EUR", Per.MONTH), "de"), rooms)

    page = text_of(get(client, "/"))

    assert "1.234\xa0€ per month" in page
    assert "1,500 m²" in page
    assert "Price per month (€)" in page


def test_period_alone_is_shown_without_a_currency() -> None:
    client = client_with(Money(PriceTerms(None, Per.WEEK)))

    assert "39 per week" in text_of(get(client, "/"))
    assert get(client, "/rooms/summary").json["per"] == "week"
    assert "currency" not in get(client, "/rooms/summary").json


def test_summary_states_the_unit_of_prices(client: testing.TestClient) -> None:
    found = get(client, "/rooms/summary").json

    assert {"currency": "GBP", "per": "night"} == {name: found[name] for name in ("currency", "per")}


@pytest.mark.parametrize("target", ["/rooms", "/rooms?format=csv", "/rooms?format=geojson&limit=2"])
def test_rooms_are_the_same_with_and_without_a_currency(client: testing.TestClient, target: str) -> None:
    assert get(client_with(Money()), target).content == get(client, target).content


def test_summary_without_settings_is_unchanged() -> None:
    expected = {"count", "exact", "price", "size", "histogram", "facets"}

    assert expected == get(client_with(Money()), "/rooms/summary").json.keys()


def test_api_document_states_the_unit_of_prices(client: testing.TestClient) -> None:
    def about(client: testing.TestClient) -> str:
        found = get(client, "/openapi.json").json["components"]["schemas"]["Room"]["properties"]["price"]
        return str(found["description"])

    assert "Whole currency units per night, in GBP (British Pound)." == about(client)
    assert "Whole currency units per day." == about(client_with(Money()))
    assert "in GBP (British Pound)." in get(client, "/docs").text


def test_forms_of_staff_state_the_unit_of_prices(staff: Staff) -> None:
    expected = "Price per night (£)"

    assert expected in staff.get("/staff/add").text
    assert expected in staff.get("/staff/rooms/old").text
    assert expected in staff.get("/staff/rooms/old/remove").text
    assert '<option value="" selected>Prices are per night</option>' in staff.get("/staff/import").text


def sent(staff: Staff, listing: str, query: str = "") -> testing.Result:
    headers = {
        "Authorization": f"Bearer {staff.key}",
        "Content-Type": "text/csv",
        "Content-Length": str(len(listing.encode())),
    }
    return staff.client.simulate_post(
        "/rooms/import", query_string=query, body=listing.encode(), headers=headers
    )


def test_import_refuses_prices_in_another_currency_or_period(staff: Staff) -> None:
    listing = f'{HEADER}a,20,£85,51.5,0\nb,20,€85,51.5,0\nc,20,"£4,000/mo",51.5,0\nd,20,85,51.5,0\n'

    answer = sent(staff, listing)

    assert (2, 2) == (answer.json["added"], answer.json["refused"])
    assert [
        "is in €, but prices are in GBP",
        f"is a price per month, not per night: try price_per=month, {CAUTION}",
    ] == [refusal["reason"] for refusal in answer.json["refusals"]]


def test_import_of_prices_per_month_is_converted_as_advised(staff: Staff) -> None:
    answer = sent(staff, f'{HEADER}old,20,"£4,000/mo",51.5,-0.12\n', "price_per=month")

    assert (0, 1) == (answer.json["refused"], answer.json["replaced"])
    assert "1 price per month was divided by 30 and rounded." in answer.json["notes"]
    assert get(staff.client, "/rooms/old").json["price"] == 133


def test_import_form_advises_and_accepts_a_period_of_prices(staff: Staff) -> None:
    listing = f"{HEADER}old,20,600 pcm,51.5,-0.12\n".encode()

    def page(**fields: str) -> testing.Result:
        body = multipart(fields, listing)
        headers = {"Content-Type": MULTIPART, "Content-Length": str(len(body)), "Cookie": staff.cookie}
        return staff.client.simulate_post("/staff/import", body=body, headers={**headers, **FROM_HERE})

    refused, taken = page(act="preview"), page(act="import", price_per="month")

    assert "is a price per month, not per night: try “A month (30 days)” for prices" in refused.text
    assert "1 price per month was divided by 30 and rounded." in taken.text
    assert '<option value="month" selected>A month (30 days)</option>' in taken.text
    assert get(staff.client, "/rooms/old").json["price"] == 20
