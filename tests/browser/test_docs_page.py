from playwright.sync_api import Page, expect

from tests.browser.conftest import Camera


def test_a_developer_can_read_and_try_the_api(page: Page, camera: Camera) -> None:
    page.goto("/docs")
    page.get_by_role("navigation").get_by_role("link", name="One room").click()
    room = page.get_by_role("article", name="One room")
    room.get_by_text("10 responses").click()
    camera.take(page)

    expect(room.get_by_role("cell", name="urn:rentomatic:problem:no-such-room")).to_be_visible()
    assert page.locator("html").evaluate("element => element.scrollWidth - element.clientWidth") == 0
    tried = page.get_by_role("link", name="/rooms?filter_price__lt=60").get_attribute("href")
    assert len(page.request.get(tried or "").json()) == 3
