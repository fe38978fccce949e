import re

import pytest
from falcon import testing

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.settings import Scope
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable
from rentomatic.web.access.sessions import COOKIE
from tests.builders import make_room
from tests.web.conftest import client_of, get, key_of

METRE = 1 / 111_195
"""Degrees of latitude."""


def page_of(*rooms: Room) -> str:
    """Return the page of the first of some rooms, with line breaks and indentation removed."""
    answer = get(client_of(MemRepo(rooms)), f"/room/{rooms[0].code}")

    assert answer.status_code == 200
    return re.sub(r"\n\s*", "", answer.text)


def around(*prices: int, **values: object) -> list[Room]:
    """Return rooms with these prices, ten metres apart."""
    return [
        make_room(code=f"n{number}", price=price, latitude=51.5 + 10 * (number + 1) * METRE, **values)
        for number, price in enumerate(prices)
    ]


def row(label: str, by_day: str, by_area: str) -> str:
    return f'<tr><th scope="row">{label}</th><td>{by_day}</td><td>{by_area}</td></tr>'


def test_the_page_shows_the_facts_of_a_room(client: testing.TestClient) -> None:
    answer = get(client, f"/room/{FIRST_ROOMS[0].code}")
    page = re.sub(r"\n\s*", "", answer.text)

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "<h1>Room for 39 per day, 215 m²</h1>" in page
    assert "<dt>Price</dt><dd>39 per day</dd>" in page
    assert "<dt>Size</dt><dd>215 m²</dd>" in page
    assert "<dt>Price per m²</dt><dd>0.18 per day</dd>" in page
    assert "<dd>51.7544, -0.1000</dd>" in page
    assert f"<code>{FIRST_ROOMS[0].code}</code>" in page


def test_the_title_and_the_preview_name_the_room(client: testing.TestClient) -> None:
    page = get(client, f"/room/{FIRST_ROOMS[0].code}").text

    assert "<title>Room for 39 per day, 215 m² · Rent-o-matic</title>" in page
    assert '<meta property="og:title" content="Room for 39 per day, 215 m²">' in page
    assert 'content="Room for 39 per day, 215 m², at 51.7544, -0.1000.' in page
    assert re.search(rf'<link rel="canonical" href="http://[^/]+/room/{FIRST_ROOMS[0].code}">', page)


def test_the_page_links_to_the_data_and_the_search_nearby() -> None:
    client = client_of(MemRepo([make_room(), *around(50)]))
    page = get(client, "/room/a1").text

    assert '<a href="/rooms/a1">JSON</a>' in page
    assert '<a href="/rooms/a1?format=geojson">GeoJSON</a>' in page
    assert 'href="/?near=51.5,-0.12&amp;radius=1000">Search nearby</a>' in page
    for target in ("/rooms/a1?format=geojson", "/?near=51.5,-0.12&radius=1000"):
        assert get(client, target).status_code == 200


def test_a_room_is_compared_with_those_within_a_kilometre() -> None:
    page = page_of(
        make_room(price=60, size=20), *around(40, 60, 70, 90), make_room(code="far", latitude=52.0)
    )

    assert '<h2 id="comparison">Mid-priced among rooms nearby</h2>' in page
    assert "It costs less than 2, as much as 1 and more than 1 of the 4 other rooms within 1 km." in page
    assert row("This room", "60", "3") in page
    assert row("Lowest", "40", "2") in page
    assert row("Median", "65", "3.25") in page
    assert row("Highest", "90", "4.50") in page
    assert row("Percentile", "38", "38") in page  # one below and half of one, of 4: 37.5
    assert row("Rooms compared", "4", "4") in page


@pytest.mark.parametrize(
    ("prices", "verdict", "counted"),
    [
        ((61, 62, 10), "Cheaper than most nearby", "less than 2 and more than 1 of the 3 other rooms"),
        ((10, 20, 90), "Pricier than most nearby", "less than 1 and more than 2 of the 3 other rooms"),
        ((70, 80), "Cheaper than most nearby", "It costs less than all of the 2 other rooms"),
        ((60, 60), "Mid-priced among rooms nearby", "It costs as much as all of the 2 other rooms"),
        ((70,), "Cheaper than the only room nearby", "It costs less than the only other room within 1 km."),
        ((50,), "Pricier than the only room nearby", "It costs more than the only other room within 1 km."),
        ((), "No other room within 1 km", "There are no rooms to compare it with."),
    ],
)
def test_the_comparison_is_described_in_words(prices: tuple[int, ...], verdict: str, counted: str) -> None:
    page = page_of(make_room(price=60), *around(*prices))

    assert f"{verdict}</h2>" in page
    assert counted in page


def test_with_very_many_rooms_the_page_states_the_radius() -> None:
    rooms = [make_room(code=f"r{n:04}", price=90, latitude=51.5 + n / 2 * METRE) for n in range(1, 1500)]

    assert "It costs less than all of the 199 nearest other rooms, at most 100 m away." in page_of(
        make_room(price=60), *rooms
    )


class HurriedRepo(MemRepo):
    """A storage that finds a room by code, but whose searches raise `error`."""

    error: RepositoryUnavailable = OutOfTime()

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        raise self.error


@pytest.mark.parametrize("error", [OutOfTime(), RepositoryUnavailable("All connections are in use.")])
def test_a_room_that_cannot_be_compared_is_still_shown(error: RepositoryUnavailable) -> None:
    repository = HurriedRepo([make_room(price=60)])
    repository.error = error
    answer = get(client_of(repository), "/room/a1")

    assert answer.status_code == 200
    assert "<dd>60 per day</dd>" in answer.text
    assert "No other room" not in answer.text
    assert 'id="comparison"' not in answer.text


def test_a_room_without_a_size_is_compared_by_its_price_alone() -> None:
    page = page_of(make_room(price=60, size=None), *around(40, 90, size=20))

    assert "<h1>Room for 60 per day</h1>" in page
    assert "<dd>unknown</dd>" in page
    assert row("This room", "60", "–") in page
    assert row("Median", "65", "3.25") in page
    assert row("Percentile", "50", "–") in page


def test_prices_per_area_leave_out_rooms_without_a_size() -> None:
    page = page_of(make_room(), *around(40), make_room(code="b", size=None))

    assert row("Rooms compared", "2", "1") in page
    assert "Prices per m² only include rooms with a known size." in page


def test_a_chart_marks_the_room_and_describes_it() -> None:
    page = page_of(make_room(price=60), *around(40, 50, 90))

    assert 'aria-label="Prices from 40 to 90 and more, and where this room is among them: 60"' in page
    assert page.count('<rect x="') == 11
    assert len(re.findall(r'<rect [^>]* class="own"/>', page)) == 1


def test_there_is_no_chart_if_all_prices_are_equal() -> None:
    assert "<svg" not in page_of(make_room(price=60), *around(60, 60))


def test_the_six_nearest_rooms_are_listed_with_their_distance() -> None:
    page = page_of(make_room(), *around(*range(50, 58)))

    listed = page.partition("Nearest other rooms")[2]
    assert [f"n{number}" for number in range(6)] == re.findall('href="/room/([^"]+)"', listed)
    assert "10 m away" in listed
    assert "60 m away" in listed


def test_a_lone_room_links_to_the_nearest_rooms_anywhere() -> None:
    page = page_of(make_room(), make_room(code="far", latitude=52.0))

    assert '<a href="/?near=51.5,-0.12">See the nearest rooms</a>' in page
    assert "Nearest other rooms" not in page


@pytest.mark.parametrize("query", ["", "?done=saved"])
def test_a_uuid_in_upper_case_redirects_to_lower_case(client: testing.TestClient, query: str) -> None:
    code = FIRST_ROOMS[0].code

    answer = get(client, f"/room/{code.upper()}{query}")

    assert (301, f"/room/{code}{query}") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ("?done=added", "The room was added."),
        ("?done=saved", "The room was saved."),
        ("?done=sold&y=z", None),
        ("", None),
    ],
)
def test_a_message_confirms_a_change_of_the_room(
    client: testing.TestClient, query: str, notice: str | None
) -> None:
    page = get(client, f"/room/{FIRST_ROOMS[0].code}{query}").text

    assert ('role="status"' in page) == bool(notice)
    assert notice is None or notice in page


def test_only_staff_see_the_link_to_edit_a_room() -> None:
    text, key = key_of("front desk", Scope.WRITE)
    client, code = client_of(MemRepo(FIRST_ROOMS), keys=[key]), FIRST_ROOMS[0].code
    edit = f'href="/staff/rooms/{code}">Edit</a>'

    assert edit not in get(client, f"/room/{code}").text
    assert edit in get(client, f"/room/{code}", Cookie=f"{COOKIE}={text}").text


def test_head_is_get_without_a_body(client: testing.TestClient) -> None:
    answer = client.simulate_head(f"/room/{FIRST_ROOMS[0].code}")

    assert (200, b"") == (answer.status_code, answer.content)


def test_the_page_loads_only_from_this_server(client: testing.TestClient) -> None:
    answer = get(client, f"/room/{FIRST_ROOMS[0].code}")

    loaded = re.findall(r'(?:src|rel="stylesheet" href)="([^"]+)"', answer.text)
    assert {200} == {get(client, path).status_code for path in loaded}
    assert not re.search(r"<script>|style=", answer.text)
