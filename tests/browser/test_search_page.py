"""The search page without JavaScript: everything works."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import both_sizes

pytestmark = pytest.mark.usefixtures("screenshot")


def filters(page: Page) -> None:
    """Open the filters, which a phone hides behind a button."""
    if page.get_by_role("group", name="Price per day").is_hidden():
        page.locator("label.show-filters").click()


@both_sizes
def test_rooms_are_shown_at_once(page: Page) -> None:
    page.goto("/")

    expect(page).to_have_title("3,000 rooms · Rent-o-matic")
    expect(page.get_by_role("heading", level=1)).to_have_text("3,000 rooms")
    expect(page.locator("ul.rooms > li")).to_have_count(24)


@both_sizes
def test_a_renter_finds_a_room_within_budget_near_work(page: Page) -> None:
    page.goto("/")
    filters(page)
    page.get_by_role("group", name="Price per day").get_by_role("textbox", name="To").fill("60")
    page.get_by_label("Near (latitude, longitude)").fill("51.512, -0.123")
    page.get_by_label("Within").select_option("3 km")
    page.get_by_role("button", name="Show rooms").click()

    first = page.locator("ul.rooms > li").first
    expect(first).to_contain_text("away")
    assert "filter_price__lte=60" in page.url
    prices = page.get_by_role("main").locator(".price strong").all_inner_texts()
    assert all(int(price) <= 60 for price in prices)


def test_paging_forward_and_back_works(page: Page) -> None:
    page.goto("/?sort=price")
    before = page.locator(".code").all_inner_texts()
    page.get_by_role("link", name="Next page").click()
    after = page.locator(".code").all_inner_texts()
    page.go_back()

    assert not set(before) & set(after)
    assert before == page.locator(".code").all_inner_texts()


@both_sizes
def test_a_bad_value_is_explained_beside_its_field(page: Page) -> None:
    page.goto("/?filter_price__lte=cheap&near=here")

    expect(page.get_by_role("alert")).to_contain_text("This search is not valid")
    field = page.get_by_role("group", name="Price per day").get_by_role("textbox", name="To")
    expect(field).to_have_value("cheap")
    expect(field).to_have_accessible_description("must be a whole number such as 60, not 'cheap'")


def test_an_empty_result_says_what_to_do(page: Page) -> None:
    page.goto("/?filter_price__lte=1")

    expect(page.get_by_role("heading", level=1)).to_have_text("No room matches")
    page.locator(".chips").get_by_role("link", name="Clear all").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3,000 rooms")


@both_sizes
def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.goto("/?near=51.5,-0.1&filter_code__ne=f853578c-fc0f-4e65-81b8-566c5dffa35a")

    width = page.locator("html").evaluate("element => element.scrollWidth - element.clientWidth")
    assert width == 0


def test_a_filter_is_removed_by_its_chip(page: Page) -> None:
    page.goto("/?filter_price__lte=60&near=51.512,-0.123&radius=3000")
    page.get_by_role("link", name="Within 3 km of 51.5120, -0.1230").click()

    expect(page).to_have_url(re.compile(r"/\?filter_price__lte=60$"))
    expect(page.locator(".chips > li")).to_have_text([re.compile("Up to 60 per day"), "Clear all"])


def test_the_sort_is_chosen_in_the_form(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Sort").select_option("Price, highest first")
    filters(page)
    page.get_by_role("button", name="Show rooms").click()

    prices = [int(price) for price in page.locator(".price strong").all_inner_texts()]
    assert prices == sorted(prices, reverse=True)


def test_controls_that_need_a_script_are_absent_without_it(page: Page) -> None:
    page.goto("/")
    filters(page)

    for name in ("Pick on map", "Use my location"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()
    expect(page.get_by_role("region", name="Map of the rooms")).to_be_hidden()
    expect(page.get_by_role("slider").first).to_be_hidden()
