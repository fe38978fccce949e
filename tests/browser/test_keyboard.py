"""Every page by the Tab key alone: every control is reached, in visual order."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import both_sizes, opened
from tests.browser.test_live_search import settled
from tests.servers import Server

IN_TOWN = "/?near=51.512,-0.123&radius=1500"
A_ROOM = "/room/f853578c-fc0f-4e65-81b8-566c5dffa35a"
PAGES = {
    "rooms": IN_TOWN,
    "nothing found": "/?filter_price__lte=1",
    "misunderstood": "/?filter_price__lte=cheap&near=here",
    "error": "/no-such-page",
    "docs": "/docs",
}
MOST = 400
"""Key presses, more than any page has tab stops."""

_STOPS = """() => {
    const shown = (element) => element.checkVisibility({visibilityProperty: true});
    const labelled = (element) => element.type === "checkbox" && [...element.labels].some(shown);
    return [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
        .filter((element) => !element.disabled && element.tabIndex >= 0)
        .filter((element) => shown(element) || labelled(element))
        .map((element, number) => { element.dataset.stop = number; return number; });
}"""
"""Numbers everything that the Tab key should reach, in document order."""

_FOCUSED = """() => {
    const element = document.activeElement;
    if (element === document.body || !element) return null;
    const seen = element.matches(".visually-hidden") ? element.labels[0]
        : element.closest(".room") ?? element;
    const {left, top, width, height} = seen.getBoundingClientRect();
    const part = element.closest(".bar, .filters, .results, .map-panel, main") ?? element;
    return {
        stop: element.dataset.stop === undefined ? null : Number(element.dataset.stop),
        part: [...part.classList].find((name) => ["bar", "filters", "results", "map-panel"].includes(name)),
        what: `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 30)}`,
        kind: [element.tagName, element.type, element.closest("[class]")?.className].join(" "),
        box: {x: left, y: top, width, height},
    };
}"""


def tabbed_through(page: Page, key: str = "Tab") -> list[dict[str, Any]]:
    """Return what has the focus after each press of the key, until it leaves the page."""
    stops: list[dict[str, Any]] = []
    for _ in range(MOST):
        page.keyboard.press(key)
        focused = page.evaluate(_FOCUSED)
        if focused is None or (stops and focused["stop"] == stops[0]["stop"]):
            return stops
        stops.append(focused)
    raise AssertionError(f"the focus never leaves the page: {stops[-3:]}")


def leave_the_page(page: Page) -> None:
    """Blur the focused element, so that the next Tab starts at the top again."""
    page.evaluate(_STOPS)
    tabbed_through(page)


def assert_all_reached(page: Page) -> list[dict[str, Any]]:
    wanted = page.evaluate(_STOPS)
    stops = tabbed_through(page)
    reached = [stop["stop"] for stop in stops]
    missed = [
        page.locator(f"[data-stop='{number}']").evaluate("e => e.outerHTML.slice(0, 200)")
        for number in set(wanted) - set(reached)
    ]

    assert [] == missed
    assert len(reached) == len(set(reached))
    return stops


def parts_of(stops: list[dict[str, Any]]) -> list[str]:
    """Return the parts of the page in the order in which the focus visits them."""
    parts = [str(stop["part"]) for stop in stops]
    return [part for number, part in enumerate(parts) if number == 0 or part != parts[number - 1]]


@pytest.mark.parametrize("state", [state for state in PAGES if state != "rooms"])
def test_tab_reaches_everything_and_leaves_the_page(
    browser: Browser, server: Server, size: str, state: str
) -> None:
    with opened(browser, server, size, "404 (Not Found)") as page:
        page.goto(PAGES[state])
        if state == "nothing found":
            settled(page)
        stops = [stop["stop"] for stop in assert_all_reached(page)]

        if state in ("error", "docs"):
            assert sorted(stops) == stops


@both_sizes
def test_tab_follows_the_visual_order_of_the_search(live: Page, size: str) -> None:
    live.goto(IN_TOWN)
    settled(live)
    parts = parts_of(assert_all_reached(live))

    list_and_map = ["filters", "results", "map-panel"] if size == "desktop" else ["map-panel", "results"]
    assert list_and_map == [part for part in parts if part not in ("bar", "None")]


def test_shift_tab_goes_the_same_way_back(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    live.evaluate(_STOPS)
    forwards = [stop["stop"] for stop in tabbed_through(live)]
    live.reload()
    settled(live)
    live.evaluate(_STOPS)
    backwards = [stop["stop"] for stop in tabbed_through(live, "Shift+Tab")]

    assert forwards == backwards[::-1]


def test_pins_are_a_single_tab_stop_and_arrow_keys_move_between_them(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    pins = live.locator("#map .leaflet-marker-icon.leaflet-interactive")
    assert pins.count() > 5
    live.evaluate(_STOPS)
    stops = [stop for stop in tabbed_through(live) if "leaflet-marker-icon" in stop["what"]]

    assert 1 == len(stops)
    live.locator("#map .leaflet-marker-icon[tabindex='0']").focus()
    seen = {live.evaluate("document.activeElement.ariaLabel + document.activeElement.style.transform")}
    before = live.evaluate(_FOCUSED)["box"]
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "ArrowDown", "ArrowLeft"):
        live.keyboard.press(key)
        seen.add(live.evaluate("document.activeElement.ariaLabel + document.activeElement.style.transform"))
        now = live.evaluate(_FOCUSED)["box"]
        if key == "ArrowRight":
            assert now["x"] + now["width"] / 2 > before["x"] + before["width"] / 2
    assert len(seen) >= 4
    live.keyboard.press("Enter")
    settled(live)
    expect(live.locator(".room.shown, [data-loaded]").first).to_be_visible()


@both_sizes
def test_tab_reaches_everything_on_the_page_of_a_room(live: Page) -> None:
    live.goto(A_ROOM)
    expect(live.locator(".pin a").first).to_be_visible()
    pins = [
        stop
        for stop in assert_all_reached(live)
        if live.locator(f".pin [data-stop='{stop['stop']}']").count()
    ]

    assert len(pins) <= 1


def test_after_a_search_tab_continues_from_the_heading_of_the_list(live: Page) -> None:
    live.goto("/?sort=price")
    settled(live)
    live.get_by_role("link", name="Next page").focus()
    live.keyboard.press("Enter")
    expect(live).to_have_url(re.compile("cursor="))
    settled(live)

    expect(live.get_by_role("heading", level=1)).to_be_focused()
    live.keyboard.press("Tab")
    expect(live.get_by_label("Sort")).to_be_focused()


@pytest.mark.parametrize("state", ["rooms", "misunderstood", "docs"])
def test_the_focus_is_visible(browser: Browser, server: Server, size: str, state: str) -> None:
    with opened(browser, server, size, reduced_motion="reduce") as page:
        page.goto(PAGES[state])
        if state == "rooms":
            settled(page)
        page.evaluate(_STOPS)
        kinds: set[str] = set()
        for _ in range(MOST):
            page.keyboard.press("Tab")
            focused = page.evaluate(_FOCUSED)
            if focused is None:
                break
            if focused["kind"] not in kinds:  # one of each kind is enough: screenshots are slow
                kinds.add(focused["kind"])
                assert_seen(page, focused)

        assert len(kinds) > 3


def assert_seen(page: Page, focused: dict[str, Any]) -> None:
    """Check that the focused element is visible, and looks different from when it is not focused."""
    box, window = page.evaluate(_FOCUSED)["box"], page.viewport_size
    assert window
    left, top = max(0, box["x"] - 6), max(0, box["y"] - 6)
    right, bottom = box["x"] + box["width"] + 6, box["y"] + box["height"] + 6
    width, height = min(window["width"], right) - left, min(window["height"], bottom) - top
    assert width > 0, focused
    assert height > 0, focused
    clip: Any = {"x": left, "y": top, "width": width, "height": height}
    with_focus = page.screenshot(clip=clip)
    page.evaluate("window.focused = document.activeElement; focused.blur()")
    without = page.screenshot(clip=clip)
    page.evaluate("focused.focus({preventScroll: true})")

    assert with_focus != without, focused
