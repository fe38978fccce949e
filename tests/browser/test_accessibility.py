"""Every state of the search page, checked by axe-core and at every width."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import assert_fits, both_sizes, opened
from tests.browser.test_live_search import settled
from tests.browser.test_search_page import filters
from tests.servers import Server

STATES = {
    "first view": "/",
    "filters": "/?filter_price__lte=60&near=51.512,-0.123&radius=3000&filter_code__ne=zzz&limit=4",
    "second page": "/?sort=price&limit=2",
    "nothing found": "/?filter_price__lte=1",
    "misunderstood": "/?filter_price__lte=cheap&near=here&radius=far",
    "docs": "/docs",
}


WIDTHS = (3840, 1920, 1152, 1151, 768, 320)


@both_sizes
def test_axe_finds_nothing(live: Page) -> None:
    found = {}
    for state, address in STATES.items():
        live.goto(address)
        if state == "docs":
            live.get_by_text("10 responses").first.click()
        elif state != "misunderstood":
            settled(live)
            filters(live)
        found[state] = violations(live)

    assert {} == {state: wrong for state, wrong in found.items() if wrong}


@both_sizes
def test_axe_finds_nothing_in_content_shown_by_scripts(browser: Browser, server: Server, size: str) -> None:
    with opened(browser, server, size, "ERR_FAILED") as page:
        page.goto("/?near=51.512,-0.123&radius=1500&limit=4")
        settled(page)
        page.locator(".room").first.hover()
        marked = violations(page)
        filters(page)
        page.get_by_role("button", name="Pick on map").click()
        picking = violations(page)
        page.reload()
        settled(page)
        page.route("**/parts/rooms?*", lambda route: route.abort())
        page.get_by_label("Sort").select_option("price")
        expect(page.get_by_role("alert")).to_be_visible()

        assert ([], [], []) == (marked, picking, violations(page))


@pytest.mark.parametrize(
    "address", [*STATES.values(), "/?near=51.5,-0.1&filter_code__ne=f853578c-fc0f-4e65-81b8-566c5dffa35a"]
)
def test_nothing_is_wider_than_the_screen(live: Page, address: str) -> None:
    live.goto(address)
    if address == "/docs":
        assert_fits(live, WIDTHS)
    else:
        assert_fits(live, WIDTHS, filters)


def test_reduced_motion_disables_animations(browser: Browser, server: Server) -> None:
    with opened(browser, server, "desktop", reduced_motion="reduce") as page:
        page.goto("/")
        settled(page)
        moving = page.evaluate(
            """() => [...document.querySelectorAll("*")].filter((element) => {
                const {transitionDuration, animationName} = getComputedStyle(element);
                return transitionDuration !== "0s" || animationName !== "none";
            }).map((element) => element.className)"""
        )

        assert moving == []
