"""The map with large text, and in print."""

from itertools import combinations

import pytest
from playwright.sync_api import Browser, FloatRect, Page

from tests.browser.conftest import Camera, opened
from tests.browser.test_live_search import settled
from tests.servers import Server

ROOM = "/room/f853578c-fc0f-4e65-81b8-566c5dffa35a"
CONTROLS = {
    "/?near=51.512,-0.123&radius=3000": (".leaflet-control-zoom", ".follow", ".leaflet-control-attribution"),
    ROOM: (".leaflet-control-zoom", ".leaflet-control-scale", ".leaflet-control-attribution"),
}

PLACE = """pin => {
    const map = pin.closest("#map").getBoundingClientRect(), {left, top} = pin.getBoundingClientRect();
    return [(left - map.left) / map.width, (top - map.top) / map.height];
}"""
"""The position of a pin on its map, from 0 to 1."""


def box(page: Page, selector: str) -> FloatRect:
    found = page.locator(selector).first.bounding_box()
    assert found, selector
    return found


def overlap(one: FloatRect, other: FloatRect) -> bool:
    return (
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


def shown(page: Page, address: str) -> None:
    page.goto(address)
    if address == ROOM:
        page.locator(".pin a").first.wait_for()
    else:
        settled(page)


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("address", CONTROLS)
def test_controls_do_not_overlap_at_twice_the_text_size(
    browser: Browser, server: Server, width: int, address: str, camera: Camera
) -> None:
    with opened(browser, server, "phone") as page:
        page.set_viewport_size({"width": width, "height": 740})
        page.add_init_script(
            "new MutationObserver((_, found) => { document.documentElement.style.fontSize = '200%';"
            " found.disconnect(); }).observe(document, {childList: true})"
        )
        shown(page, address)
        page.locator("#map").scroll_into_view_if_needed()
        camera.take(page)

        boxes = {selector: box(page, selector) for selector in ("#map", *CONTROLS[address])}
        area = boxes.pop("#map")
        assert [] == [pair for pair in combinations(boxes, 2) if overlap(boxes[pair[0]], boxes[pair[1]])]
        for selector, found in boxes.items():
            assert area["x"] <= found["x"], selector
            assert found["x"] + found["width"] <= area["x"] + area["width"] + 1, selector
            assert found["y"] + found["height"] <= area["y"] + area["height"] + 1, selector
        bubbles = page.locator(".cluster").evaluate_all(
            "found => found.map(e => e.scrollWidth - e.clientWidth)"
        )
        assert all(wider <= 0 for wider in bubbles)


@pytest.mark.parametrize("address", CONTROLS)
def test_printing_shows_the_whole_map_with_its_pins(
    browser: Browser, server: Server, size: str, address: str, camera: Camera
) -> None:
    with opened(browser, server, size) as page:
        shown(page, address)
        drawn = "#map .pin, #map .cluster"
        before = page.locator(drawn).count()
        on_screen = page.locator(drawn).first.evaluate(PLACE)
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 700, "height": 1000})
        camera.take(page, full_page=True)

        area = box(page, "#map")
        assert area["x"] >= 0
        assert area["x"] + area["width"] <= 700
        assert before == page.locator(drawn).count()
        on_paper = page.locator(drawn).first.evaluate(PLACE)
        assert on_screen == pytest.approx(on_paper, abs=0.02)
        assert page.locator(drawn).first.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"
        for selector in (".bar", ".filters", ".follow", ".leaflet-control-zoom"):
            assert not any(found.is_visible() for found in page.locator(selector).all()), selector
