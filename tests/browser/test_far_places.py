"""The map in difficult cases: many rooms at one place, the antimeridian, the far north."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from tests.browser.conftest import opened
from tests.browser.test_live_search import drag, number, on_map, settled
from tests.builders import make_room
from tests.servers import Server, rentomatic

HOUSE = 30
"""Rooms at the same place."""


@pytest.fixture(scope="module")
def far_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("far-places")
    upgrade_sqlite(folder / "rooms.db")
    with closing(SqliteRepo(folder / "rooms.db", SQLITE_REVISION)) as repository:
        repository.load(
            [
                *(
                    make_room(code=f"house-{n:02}", latitude=41.3871234, longitude=2.1701234)
                    for n in range(HOUSE)
                ),
                make_room(code="fiji-west", latitude=-16.8, longitude=179.9),
                make_room(code="fiji-east", latitude=-16.8, longitude=-179.9),
                make_room(code="svalbard", latitude=78.2232, longitude=15.6267),
            ]
        )
    with rentomatic(f"sqlite:///{folder}/rooms.db", folder / "log") as running:
        yield running


@pytest.fixture
def map_page(browser: Browser, far_places: Server) -> Iterator[Page]:
    with opened(browser, far_places, "desktop") as page:
        yield page


def test_rooms_at_one_place_are_listed_when_zooming_cannot_separate_them(map_page: Page) -> None:
    map_page.goto("/?near=41.387,2.170&radius=500")
    settled(map_page)
    for _ in range(2):
        before = map_page.url
        map_page.get_by_role("button", name=f"{HOUSE} rooms from").click()
        expect(map_page).not_to_have_url(before)
        settled(map_page)

    expect(map_page).to_have_url(re.compile("bbox=2.17012,41.38712,2.17013,41.38713"))
    assert (HOUSE, HOUSE) == (number(map_page), on_map(map_page))


def test_both_sides_of_the_antimeridian_are_shown_on_one_map(map_page: Page) -> None:
    map_page.goto("/?bbox=179.5,-17.2,-179.5,-16.4")
    settled(map_page)

    expect(map_page.locator(".pin")).to_have_count(2)
    pins = [pin.bounding_box() for pin in map_page.locator(".pin").all()]
    area = map_page.locator("#map").bounding_box()
    assert area
    for pin in pins:
        assert pin
        assert area["x"] < pin["x"] < area["x"] + area["width"]


def test_pins_stay_visible_when_the_map_moves_across_the_antimeridian(map_page: Page) -> None:
    map_page.goto("/?bbox=179.5,-17.2,-179.5,-16.4")
    settled(map_page)
    for by in ((-40, 0), (80, 0), (-60, 0)):
        before = map_page.url
        drag(map_page, by)
        expect(map_page).not_to_have_url(before)
        settled(map_page)

        for pin in map_page.locator(".pin").all():
            expect(pin).to_be_in_viewport()
        assert (2, 2) == (number(map_page), on_map(map_page))


def test_the_first_view_shows_where_most_rooms_are(map_page: Page) -> None:
    map_page.goto("/")
    settled(map_page)

    assert on_map(map_page) >= HOUSE
    map_page.goto("/?filter_code__eq=svalbard")
    settled(map_page)
    expect(map_page.locator(".pin")).to_have_count(1)
    expect(map_page.locator(".pin")).to_be_in_viewport()
