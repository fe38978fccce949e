import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SCREENSHOTS


@pytest.fixture(autouse=True)
def screenshot(page: Page, request: pytest.FixtureRequest) -> None:
    """Leaves a picture of the page as the test left it, light and dark."""

    def take() -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.screenshot(path=SCREENSHOTS / f"{request.node.name}-{scheme}.png", full_page=False)

    request.addfinalizer(take)


def test_rooms_are_there_at_first_sight(page: Page) -> None:
    page.goto("/")

    expect(page).to_have_title("3,000 rooms · Rent-o-matic")
    expect(page.get_by_role("heading", level=1)).to_have_text("3,000 rooms")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(24)


def test_a_renter_finds_a_room_within_budget_near_work(page: Page) -> None:
    page.goto("/")
    page.get_by_role("group", name="Price a day").get_by_label("To").fill("60")
    page.get_by_label("Near (latitude, longitude)").fill("51.512, -0.123")
    page.get_by_label("Within (metres)").fill("3000")
    page.get_by_role("button", name="Show rooms").click()

    first = page.get_by_role("main").get_by_role("listitem").first
    expect(first).to_contain_text("away")
    assert "filter_price__lte=60" in page.url
    prices = page.get_by_role("main").locator(".price strong").all_inner_texts()
    assert all(int(price) <= 60 for price in prices)


def test_the_next_page_follows_and_the_way_back_leads_to_the_first(page: Page) -> None:
    page.goto("/?sort=price")
    before = page.locator(".code").all_inner_texts()
    page.get_by_role("link", name="Next page").click()
    after = page.locator(".code").all_inner_texts()
    page.go_back()

    assert not set(before) & set(after)
    assert before == page.locator(".code").all_inner_texts()


def test_a_bad_value_is_explained_beside_its_field(page: Page) -> None:
    page.goto("/?filter_price__lte=cheap&near=here")

    expect(page.get_by_role("alert")).to_contain_text("cannot be understood")
    field = page.get_by_role("group", name="Price a day").get_by_label("To")
    expect(field).to_have_value("cheap")
    expect(field).to_have_accessible_description("must be a whole number such as 60, not 'cheap'")


def test_nothing_found_says_what_to_do(page: Page) -> None:
    page.goto("/?filter_price__lte=1")

    expect(page.get_by_role("heading", level=1)).to_have_text("No room matches")
    page.get_by_role("main").get_by_role("link", name="clear all filters").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3,000 rooms")


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.goto("/?near=51.5,-0.1&filter_code__ne=f853578c-fc0f-4e65-81b8-566c5dffa35a")

    width = page.locator("html").evaluate("element => element.scrollWidth - element.clientWidth")
    assert width == 0
