"""Prices with their currency, as scripts write them on the map: the same as the server writes in the list."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from tests.browser.conftest import opened
from tests.builders import make_room
from tests.servers import Server, rentomatic

ROOMS = [
    make_room(code="one", price=1234, latitude=51.50, longitude=-0.12),
    make_room(code="two", price=60, latitude=51.505, longitude=-0.115),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of rooms with prices in Swedish kronor per night."""
    folder = tmp_path_factory.mktemp("kronor")
    upgrade_sqlite(folder / "rooms.db")
    with closing(SqliteRepo(folder / "rooms.db", SQLITE_REVISION)) as repository:
        repository.load(ROOMS)
    money = {"RENTOMATIC_CURRENCY": "SEK", "RENTOMATIC_PRICE_PER": "night", "RENTOMATIC_LOCALE": "sv-SE"}
    with rentomatic(f"sqlite:///{folder}/rooms.db", folder / "log", **money) as running:
        yield running


def test_pins_and_slider_show_prices_like_the_list(browser: Browser, server: Server) -> None:
    with opened(browser, server, "desktop") as page:
        page.goto("/?bbox=-0.13,51.495,-0.11,51.51&filter_price__lte=2000")

        expect(page.locator(".pin")).to_have_text(["1 234 kr", "60 kr"])
        expect(page.locator(".room .price strong")).to_have_text(["1 234 kr", "60 kr"])
        expect(page.get_by_role("button", name="1 234 kr per night, 20 m²")).to_be_visible()
        expect(page.locator(".slider .high")).to_have_attribute(
            "aria-valuetext", re.compile(r"^up to 2\s000\skr$")
        )


def test_pins_on_the_page_of_a_room_show_prices_like_its_text(browser: Browser, server: Server) -> None:
    with opened(browser, server, "desktop") as page:
        page.goto("/room/one")

        expect(page.locator(".pin.here")).to_have_text("1 234 kr")
        expect(page.locator(".pin a")).to_have_text("60 kr")


def test_bubble_shows_the_lowest_price_with_its_currency(browser: Browser, server: Server) -> None:
    with opened(browser, server, "desktop") as page:
        page.goto("/?bbox=-10,45,10,58")

        expect(page.get_by_role("button", name="2 rooms from 60 kr per night")).to_be_visible()
