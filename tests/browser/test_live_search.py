"""The search page with JavaScript: form, list and map stay in step."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from rentomatic.money import NO_CURRENCY
from rentomatic.web.pages.layout import template
from rentomatic.web.pages.narrower import Narrower
from rentomatic.web.pages.search_view import View
from tests.browser.conftest import both_sizes, opened
from tests.browser.test_search_page import filters
from tests.servers import Server

pytestmark = pytest.mark.usefixtures("screenshot")

IN_TOWN = "/?near=51.512,-0.123&radius=3000"


def settled(page: Page) -> None:
    """Wait until list and map show the search."""
    expect(page.locator("#rooms")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#map[data-loaded]")).to_be_visible()


def number(page: Page) -> int:
    """Return the number of matches that the page states."""
    found = re.match(r"([\d,]+) rooms?", page.get_by_role("heading", level=1).inner_text())
    assert found
    return int(found.group(1).replace(",", ""))


def on_map(page: Page) -> int:
    """Return how many rooms the pins and bubbles represent."""
    bubbles = [
        title or "" for title in page.locator(".cluster").evaluate_all("found => found.map(e => e.title)")
    ]
    return page.locator(".pin").count() + sum(int(title.split()[0].replace(",", "")) for title in bubbles)


def drag(page: Page, by: tuple[int, int]) -> None:
    """Drag the map."""
    area = page.locator("#map").bounding_box()
    assert area
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2 + 15
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0], y + by[1], steps=5)
    page.mouse.up()


def lone_pin(page: Page) -> Locator:
    """Return a pin that nothing covers."""
    for pin in page.locator(".pin").all():
        if pin.evaluate(
            """pin => {
                const {left, top, width, height} = pin.getBoundingClientRect();
                return document.elementFromPoint(left + width / 2, top + height / 2) === pin;
            }"""
        ):
            return pin
    raise AssertionError("every pin is hidden")


@both_sizes
def test_list_and_map_are_side_by_side_and_stacked_on_a_phone(live: Page, size: str) -> None:
    live.goto("/")
    settled(live)

    rooms, area = live.locator("#rooms").bounding_box(), live.locator("#map").bounding_box()
    assert rooms
    assert area
    if size == "desktop":
        assert rooms["x"] + rooms["width"] <= area["x"] + 1
        assert rooms["y"] < area["y"] + area["height"]
    else:
        assert area["y"] + area["height"] <= rooms["y"] + 1
        assert (rooms["x"], area["x"]) == (0, 0)


def test_every_room_is_on_the_map_as_a_pin_or_counted_in_a_bubble(live: Page) -> None:
    live.goto("/?near=51.512,-0.123&radius=1500")
    settled(live)

    assert on_map(live) == number(live)
    assert live.locator(".pin").first.inner_text().isdigit()


@both_sizes
def test_moving_the_map_searches_the_visible_area(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    before = live.locator("#map").get_attribute("data-loaded")
    drag(live, (60, 40))

    expect(live).to_have_url(re.compile(r"bbox=-?\d+\.\d+,"))
    expect(live.locator("#map")).not_to_have_attribute("data-loaded", before or "")
    settled(live)
    assert "radius" not in live.url
    expect(live.get_by_role("link", name="In the map area")).to_be_visible()
    assert on_map(live) == number(live)


def test_zooming_the_map_searches_the_visible_area(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    live.get_by_role("button", name="Zoom in").click()
    expect(live).to_have_url(re.compile("bbox="))
    settled(live)

    expect(live.get_by_role("heading", level=1)).not_to_have_text("No room matches")
    assert on_map(live) == number(live)


def test_the_map_can_be_moved_without_searching(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    before = live.locator("#map").get_attribute("data-loaded")
    live.get_by_label("Search as I move the map").uncheck()
    drag(live, (60, 40))
    expect(live.locator("#map")).not_to_have_attribute("data-loaded", before or "")

    assert "bbox" not in live.url
    live.reload()
    expect(live.get_by_label("Search as I move the map")).not_to_be_checked()


def test_successive_moves_of_the_map_are_one_step_back(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    first = number(live)
    for by in ((50, 0), (0, 40)):
        before = live.url
        drag(live, by)
        expect(live).not_to_have_url(before)
        settled(live)
    live.go_back()

    expect(live).to_have_url(re.compile(re.escape(IN_TOWN)))
    expect(live.get_by_role("heading", level=1)).to_have_text(f"{first} rooms")


def test_hovering_or_focusing_a_room_highlights_its_pin(live: Page) -> None:
    live.goto(f"{IN_TOWN}&filter_price__lte=40")
    settled(live)
    room = live.locator(".room").first
    room.get_by_role("link").focus()
    expect(live.locator(".pin.shown")).to_have_text(room.locator("strong").inner_text())
    other = live.locator(".room").nth(1)
    other.hover()

    expect(live.locator(".pin.shown")).to_have_text(other.locator("strong").inner_text())


@both_sizes
def test_selecting_a_pin_shows_its_room_in_the_list(live: Page) -> None:
    live.goto("/?bbox=-0.128,51.509,-0.118,51.515&sort=price")
    settled(live)
    pin = lone_pin(live)
    price = pin.inner_text()
    pin.click()

    chosen = live.locator(".room.shown")
    expect(chosen.locator("strong")).to_have_text(price)
    expect(chosen.get_by_role("link")).to_be_focused()
    expect(chosen).to_be_in_viewport()


def test_a_pin_shows_its_room_even_if_it_is_on_another_page_of_the_list(live: Page) -> None:
    live.goto("/?near=51.512,-0.123&radius=1500&limit=1")
    settled(live)
    listed = live.locator(".room").get_attribute("data-code")
    pin = lone_pin(live)
    pin.focus()
    live.keyboard.press("Enter")

    chosen = live.locator(".room.shown")
    expect(chosen.locator("strong")).to_have_text(pin.inner_text())
    expect(chosen.locator(".place")).to_contain_text("away")
    assert chosen.get_attribute("data-code") != listed


@both_sizes
def test_selecting_a_bubble_zooms_in(live: Page) -> None:
    live.goto("/")
    settled(live)
    before = live.locator("#map").get_attribute("data-loaded")
    live.locator(".cluster").last.click()
    expect(live.locator("#map")).not_to_have_attribute("data-loaded", before or "")
    settled(live)

    assert on_map(live) == number(live) > 0


@both_sizes
def test_the_slider_limits_the_price_and_its_last_stop_is_open(live: Page) -> None:
    live.goto("/")
    settled(live)
    filters(live)
    highest = live.get_by_role("slider", name="Highest price per day")
    expect(highest).to_have_attribute("aria-valuetext", "any")
    for _ in range(4):
        highest.press("ArrowLeft")
    stops = live.locator(".chart").get_attribute("data-stops") or ""
    bound = stops.strip("[]").split(", ")[-4]

    expect(live).to_have_url(re.compile(f"filter_price__lte={bound}$"))
    expect(live.get_by_role("group", name="Price per day").get_by_role("textbox", name="To")).to_have_value(
        bound
    )
    expect(live.get_by_role("link", name=f"Up to {bound} per day")).to_be_visible()
    for _ in range(4):
        live.get_by_role("slider", name="Highest price per day").press("ArrowRight")
    expect(live).not_to_have_url(re.compile("filter_price"))


def test_the_chart_ignores_the_price_filter(live: Page) -> None:
    live.goto("/")
    settled(live)
    filters(live)
    before = live.locator(".chart svg").inner_html()
    live.get_by_role("group", name="Size in m²").get_by_role("textbox", name="From").fill("60")
    live.keyboard.press("Tab")

    expect(live).to_have_url(re.compile("filter_size__gte=60"))
    live.wait_for_function("before => document.querySelector('.chart svg').innerHTML !== before", arg=before)


@both_sizes
def test_a_point_can_be_picked_on_the_map(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    filters(live)
    live.get_by_label("Near (latitude, longitude)").fill("")
    live.get_by_role("button", name="Pick on map").click()
    live.locator("#map").click(position={"x": 150, "y": 150})

    expect(live.get_by_label("Near (latitude, longitude)")).to_have_value(
        re.compile(r"^5\d\.\d{5},-?\d\.\d{5}$")
    )
    expect(live.locator(".room .place").first).to_contain_text("away")
    expect(live.locator(".near")).to_be_visible()


def test_the_map_can_be_moved_while_picking_a_point(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    filters(live)
    live.get_by_role("button", name="Pick on map").click()
    live.get_by_role("button", name="Zoom in").click()
    expect(live).to_have_url(re.compile("bbox="))
    settled(live)
    live.locator("#map").click(position={"x": 150, "y": 150})

    expect(live).to_have_url(re.compile(r"near=51\.5\d+,-0\.1\d+$"))


def test_a_point_can_be_picked_with_the_keyboard(live: Page) -> None:
    live.goto("/?bbox=-0.14,51.50,-0.10,51.52")
    settled(live)
    filters(live)
    live.get_by_role("button", name="Pick on map").press("Enter")
    expect(live.locator("#map")).to_be_focused()
    live.keyboard.press("Enter")

    expect(live).to_have_url(re.compile(r"near=51\.5\d+,-0\.1\d+"))
    expect(live.get_by_role("button", name="Pick on map")).to_have_attribute("aria-pressed", "false")


def test_a_typed_point_is_searched(live: Page) -> None:
    live.goto("/")
    filters(live)
    live.get_by_label("Near (latitude, longitude)").fill("51.512, -0.123")
    live.get_by_label("Within").select_option("1 km")

    expect(live).to_have_url(re.compile(r"near=51\.512,-0\.123&radius=1000"))
    expect(live.get_by_label("Sort")).to_have_value("")
    expect(live.locator(".room .place").first).to_contain_text("m away")


def test_the_location_of_the_device_is_used_on_request(browser: Browser, server: Server, size: str) -> None:
    place = {"latitude": 51.539, "longitude": -0.143}
    with opened(browser, server, size, geolocation=place, permissions=["geolocation"]) as page:
        page.goto("/")
        filters(page)
        page.get_by_role("button", name="Use my location").click()

        expect(page).to_have_url(re.compile(r"near=51\.53900,-0\.14300"))


def test_a_missing_location_is_reported(browser: Browser, server: Server, size: str) -> None:
    with opened(browser, server, size, permissions=[]) as page:
        page.goto("/")
        filters(page)
        page.get_by_role("button", name="Use my location").click()

        expect(page.get_by_text("Your browser does not share your location")).to_be_visible()


@both_sizes
def test_going_back_restores_the_rooms_and_the_scroll_position(live: Page) -> None:
    live.goto("/?sort=price")
    settled(live)
    first = live.locator(".room .code").all_inner_texts()
    live.get_by_role("link", name="Next page").scroll_into_view_if_needed()
    place = live.evaluate("scrollY")
    live.get_by_role("link", name="Next page").click()
    expect(live).to_have_url(re.compile("cursor="))
    settled(live)
    second = live.locator(".room .code").all_inner_texts()
    live.go_back()
    expect(live.locator(".room .code").first).to_have_text(first[0])

    assert live.locator(".room .code").all_inner_texts() == first
    assert abs(live.evaluate("scrollY") - place) < 5
    kept = "() => Math.abs(history.state?.scroll - scrollY) < 1"
    live.wait_for_function(kept)
    live.go_forward()
    expect(live.locator(".room .code").first).to_have_text(second[0])
    live.evaluate("scrollTo(0, 300)")
    live.wait_for_function("() => history.state.scroll === 300")
    live.go_back()
    expect(live.locator(".room .code").first).to_have_text(first[0])
    live.wait_for_function(kept)
    live.go_forward()
    expect(live.locator(".room .code").first).to_have_text(second[0])

    assert abs(live.evaluate("scrollY") - 300) < 5


def test_the_form_matches_the_address_after_going_back(live: Page) -> None:
    live.goto("/?filter_price__lte=60")
    settled(live)
    filters(live)
    live.get_by_label("Sort").select_option("-price")
    expect(live).to_have_url(re.compile("sort=-price"))
    settled(live)
    live.get_by_role("link", name="Up to 60 per day").click()
    expect(live.get_by_role("group", name="Price per day").get_by_role("textbox", name="To")).to_have_value(
        ""
    )
    live.go_back()
    expect(live).to_have_url(re.compile("filter_price__lte=60&sort=-price"))
    live.go_back()

    expect(live.get_by_role("group", name="Price per day").get_by_role("textbox", name="To")).to_have_value(
        "60"
    )
    expect(live.get_by_label("Sort")).to_have_value("")
    expect(live).to_have_title(re.compile(r"^[\d,]+ rooms · Rent-o-matic$"))


def test_resizing_the_window_does_not_search_again(live: Page) -> None:
    live.goto(IN_TOWN)
    settled(live)
    before = live.locator("#map").get_attribute("data-loaded") or ""
    live.set_viewport_size({"width": 700, "height": 600})
    expect(live.locator("#map[data-loaded]")).not_to_have_attribute("data-loaded", before)

    assert live.url.endswith(IN_TOWN)


def test_a_repeated_parameter_stays_repeated(live: Page) -> None:
    live.goto("/?filter_price__ne=40&filter_price__ne=41")
    settled(live)
    filters(live)
    for price in ("90", "80"):
        live.get_by_role("group", name="Price per day").get_by_role("textbox", name="To").fill(price)
        live.keyboard.press("Tab")
        expect(live).to_have_url(re.compile(f"filter_price__lte={price}"))
        settled(live)

    assert ("filter_price__ne=40" in live.url, "filter_price__ne=41" in live.url) == (True, True)


def test_the_chart_follows_even_if_the_sort_changes_at_once(live: Page) -> None:
    live.goto("/")
    settled(live)
    filters(live)
    before = live.locator(".chart svg").inner_html()
    live.get_by_role("group", name="Size in m²").get_by_role("textbox", name="From").fill("60")
    live.keyboard.press("Tab")
    live.get_by_label("Sort").select_option("price")

    live.wait_for_function("before => document.querySelector('.chart svg').innerHTML !== before", arg=before)


@both_sizes
def test_the_number_of_filters_is_shown_while_they_are_hidden(live: Page, size: str) -> None:
    live.goto("/")
    settled(live)
    badge = live.locator(".badge")
    expect(badge).to_be_hidden()
    filters(live)
    live.get_by_role("group", name="Price per day").get_by_role("textbox", name="To").fill("90")
    live.keyboard.press("Tab")
    expect(badge).to_have_text("1")
    live.locator(".chips").get_by_role("link", name="Clear all").click()

    expect(badge).to_have_text("0")
    expect(badge).to_be_hidden()


def test_focus_stays_on_the_sort_when_sorting_with_the_keyboard(live: Page) -> None:
    live.goto("/")
    settled(live)
    live.get_by_label("Sort").focus()
    live.keyboard.press("ArrowDown")
    expect(live).to_have_url(re.compile("sort=price"))
    settled(live)

    expect(live.get_by_label("Sort")).to_be_focused()


def test_a_search_can_be_shared_as_a_link(live: Page, browser: Browser, server: Server) -> None:
    live.goto(IN_TOWN)
    settled(live)
    drag(live, (80, 30))
    expect(live).to_have_url(re.compile("bbox="))
    settled(live)
    with opened(browser, server, "desktop") as friend:
        friend.goto(live.url)

        expect(friend.get_by_role("heading", level=1)).to_have_text(
            live.get_by_role("heading", level=1).inner_text()
        )


def test_a_value_that_cannot_be_understood_is_explained_beside_its_field(live: Page) -> None:
    live.goto("/")
    settled(live)
    filters(live)
    live.get_by_role("group", name="Size in m²").get_by_role("textbox", name="From").fill("large")
    live.keyboard.press("Enter")

    field = live.get_by_role("group", name="Size in m²").get_by_role("textbox", name="From")
    expect(field).to_have_accessible_description("must be a whole number such as 60, not 'large'")
    expect(field).to_have_value("large")


def test_errors_appear_and_disappear_with_their_search(live: Page) -> None:
    near = live.locator("#near")

    def expect_explained(fields: int) -> None:
        settled(live)
        for part in (".problem", "[aria-invalid]", "[aria-describedby]"):
            expect(live.locator(f"#filters {part}")).to_have_count(fields)

    live.goto("/")
    settled(live)
    filters(live)
    near.fill("(41.39, 2.17)")
    near.press("Enter")
    expect_explained(1)
    expect(near).to_have_accessible_description(re.compile(r"must be latitude,longitude .*not '\(41.39,"))
    near.fill("41.39, 2.17")
    near.press("Enter")
    expect(live).to_have_url(re.compile("near=41.39,2.17"))
    expect_explained(0)
    live.go_back()
    expect_explained(1)
    expect(near).to_have_value(re.compile(r"\("))
    live.go_forward()
    expect(near).to_have_value("41.39,2.17")

    expect_explained(0)


def test_rooms_that_failed_to_load_can_be_requested_again(
    browser: Browser, server: Server, size: str
) -> None:
    with opened(browser, server, size, "ERR_FAILED", "ERR_CONNECTION_REFUSED") as page:
        page.goto("/")
        settled(page)
        page.route("**/parts/rooms?*", lambda route: route.abort())
        page.get_by_label("Sort").select_option("price")
        expect(page.get_by_role("alert")).to_contain_text("Could not load the rooms")
        page.unroute("**/parts/rooms?*")
        page.get_by_role("button", name="Try again").click()
        settled(page)

        expect(page.locator(".room")).to_have_count(24)


def test_search_that_takes_too_long_shows_the_servers_message(
    browser: Browser, server: Server, size: str
) -> None:
    narrower = Narrower("Within 2 km", "?near=51.5,-0.1&radius=2000")
    view = View(
        NO_CURRENCY, [("near", "51.5,-0.1"), ("sort", "price")], is_too_costly=True, narrower=[narrower]
    )
    part = template("parts/rooms.html").render(view=view)
    with opened(browser, server, size, "status of 503") as page:
        page.goto("/?near=51.5,-0.1")
        settled(page)
        page.route("**/parts/rooms?*", lambda route: route.fulfill(status=503, body=part))
        page.get_by_label("Sort").select_option("price")
        expect(page.get_by_role("heading", level=1)).to_have_text("This search takes too long")
        page.unroute("**/parts/rooms?*")
        page.get_by_role("link", name="Within 2 km").click()
        settled(page)

        expect(page).to_have_url(re.compile(r"\?near=51.5,-0.1&radius=2000$"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("room")


@pytest.mark.parametrize("part", ["/parts/rooms?", "/rooms/clusters?"])
def test_requests_refused_by_a_busy_server_are_retried_once(
    browser: Browser, server: Server, size: str, part: str
) -> None:
    with opened(browser, server, size, "status of 503") as page:
        page.goto("/")
        settled(page)
        page.route(
            f"**{part}*", lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}), times=1
        )
        with page.expect_response(lambda answer: answer.ok and part in answer.url):
            page.goto("/?near=51.512,-0.123&radius=1500")
            page.get_by_label("Sort").select_option("price")

        settled(page)
        expect(page.locator("#map .pin").first).to_be_visible()
        expect(page.locator(".room").first).to_be_visible()
        expect(page.locator(".failed")).to_have_count(0)


def test_loading_rooms_are_indicated(live: Page) -> None:
    live.goto("/")
    settled(live)
    held: list[Route] = []
    live.route("**/parts/rooms?*", lambda route: held.append(route))  # noqa: PLW0108 - it takes no built-in
    live.get_by_label("Sort").select_option("price")

    expect(live.locator("#rooms")).to_have_attribute("aria-busy", "true")
    held[0].continue_()
    expect(live.locator("#rooms")).not_to_have_attribute("aria-busy", "true")
    expect(live.get_by_role("status").filter(has_text="3,000 rooms")).to_be_attached()


@both_sizes
def test_a_room_can_be_found_with_the_keyboard_alone(live: Page) -> None:
    live.goto("/")
    settled(live)
    live.keyboard.press("Tab")
    expect(live.get_by_role("link", name="Skip to content")).to_be_focused()
    filters(live)
    live.get_by_role("group", name="Price per day").get_by_role("textbox", name="To").press_sequentially("30")
    live.keyboard.press("Enter")
    expect(live.get_by_role("heading", level=1)).to_be_focused()
    expect(live).to_have_url(re.compile("filter_price__lte=30"))
    settled(live)
    for _ in range(8):
        live.keyboard.press("Tab")
        if live.evaluate("document.activeElement.closest('.room') !== null"):
            break
    live.keyboard.press("Enter")

    expect(live).to_have_url(re.compile("/room/"))


@pytest.mark.parametrize("way", ["nothing found", "failed"])
def test_a_highlight_on_the_map_disappears_with_its_room(
    browser: Browser, server: Server, size: str, way: str
) -> None:
    with opened(browser, server, size, "ERR_FAILED") as page:
        page.goto("/")
        settled(page)
        page.locator(".room").nth(3).hover()
        expect(page.locator("#map .pin.shown")).to_have_count(1)
        if way == "failed":
            page.route("**/parts/rooms?*", lambda route: route.abort())
        page.locator("[name=filter_price__lte]").evaluate(  # without moving the pointer
            "to => { to.value = '1'; to.dispatchEvent(new Event('change', {bubbles: true})); }"
        )
        expect(page.locator(".room")).to_have_count(0)
        expect(page.locator("#rooms")).not_to_have_attribute("aria-busy", "true")
        page.mouse.move(0, 0)

        expect(page.locator("#map .pin.shown")).to_have_count(0)


def test_unknown_parameters_leave_the_address_and_the_map_works(live: Page) -> None:
    live.goto("/?near=51.512,-0.123&radius=1500&utm_source=a&fbclid=%FF&lang=de#rooms")
    settled(live)

    expect(live).to_have_url(re.compile(r"/\?near=51.512,-0.123&radius=1500#rooms$"))
    assert on_map(live) == number(live)
    live.get_by_label("Sort").select_option("price")
    expect(live).to_have_url(re.compile(r"/\?near=51.512,-0.123&radius=1500&sort=price$"))
