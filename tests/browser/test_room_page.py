"""The page of a room, and error pages, in a browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import Camera, assert_fits, both_sizes, opened
from tests.servers import Server

AMONG_MANY = "/?near=51.512,-0.123&radius=3000"


def open_a_room(page: Page) -> str:
    """Open the first room of a search by its link; return its code."""
    page.goto(AMONG_MANY)
    card = page.locator(".rooms .room").first
    code = card.get_attribute("data-code")
    card.get_by_role("link").click()
    page.wait_for_url(f"**/room/{code}")
    return str(code)


@pytest.mark.usefixtures("screenshot")
def test_a_listed_room_has_a_page_with_its_facts_and_its_comparison(page: Page) -> None:
    code = open_a_room(page)

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("room|flat|studio|house|loft"))
    expect(page.get_by_role("definition").filter(has_text=re.compile(r"^[\d,]+ per day$"))).to_be_visible()
    expect(page.get_by_text(code, exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("It costs .* other rooms"))).to_be_visible()
    expect(page.get_by_role("rowheader", name="Median")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Prices from"))).to_be_visible()
    expect(page.locator(".alternatives .room")).to_have_count(6)
    expect(page.locator("#map")).to_be_hidden()


def test_the_nearest_rooms_link_to_their_pages(page: Page) -> None:
    open_a_room(page)
    other = page.locator(".alternatives .room").first
    code = other.get_attribute("data-code")
    other.get_by_role("link").click()

    expect(page).to_have_url(re.compile(f"/room/{code}$"))


def test_the_search_nearby_finds_the_room(page: Page) -> None:
    code = open_a_room(page)
    page.get_by_role("link", name="Search nearby").click()

    expect(page.locator(".rooms .room").first).to_have_attribute("data-code", code)


@both_sizes
def test_the_map_shows_the_room_and_links_to_the_others(live: Page) -> None:
    open_a_room(live)

    pins = live.locator("#map .pin a")
    expect(live.locator("#map .pin.here")).to_be_visible()
    expect(pins).to_have_count(6)
    expect(pins.first).to_have_accessible_name(re.compile(r"^[\d,]+ per day, .*, .* away$"))
    target = pins.first.get_attribute("href")
    pins.first.press("Enter")

    expect(live).to_have_url(str(target))


@both_sizes
def test_axe_finds_nothing_on_the_page_of_a_room(live: Page, camera: Camera) -> None:
    open_a_room(live)
    expect(live.locator("#map .pin.here")).to_be_visible()
    camera.take(live, full_page=True)

    assert violations(live) == []


def test_nothing_is_wider_than_the_screen(live: Page) -> None:
    open_a_room(live)

    assert_fits(live, (3840, 768, 320))


def test_an_empty_result_links_to_a_search_that_finds_as_many_rooms_as_promised(
    page: Page, camera: Camera
) -> None:
    page.goto("/?filter_price__lte=20&filter_size__gte=60&near=51.512,-0.123&radius=500")
    link = page.locator(".notice").get_by_role("link").first
    words = link.inner_text()
    camera.take(page, full_page=True)
    link.click()

    expect(page.get_by_role("heading", level=1)).to_have_text(words.rpartition(": ")[2])


@pytest.mark.parametrize("path", ["/nope", "/room/nope"])
def test_an_error_links_back_to_the_search(
    browser: Browser, server: Server, size: str, path: str, camera: Camera
) -> None:
    with opened(browser, server, size, "404 (Not Found)") as page:
        page.goto(path)

        assert violations(page) == []
        camera.take(page, full_page=True)
        page.get_by_role("link", name="Back to the search").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("3,000 rooms")
