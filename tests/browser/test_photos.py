"""The photos of rooms in a browser: they are loaded, and nothing moves when they come."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import Camera, both_sizes

WITH_PHOTOS = "/?filter_kind__eq=Private+room&near=51.512,-0.123"

SHIFTS = """() => new Promise(done => {
    new PerformanceObserver(list => done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
        .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(0), 200);
})"""
"""The sum of https://web.dev/articles/cls; without any shift, no entry ever comes."""


def expect_loaded(image: Locator) -> None:
    image.scroll_into_view_if_needed()
    image.evaluate("image => image.decode()")

    assert image.evaluate("image => image.naturalWidth") > 0


@both_sizes
def test_list_shows_a_photo_of_each_room_without_layout_shift(live: Page, camera: Camera) -> None:
    live.goto(WITH_PHOTOS)
    cards = live.locator(".rooms .room")
    expect(cards).to_have_count(24)
    for card in cards.all()[:6]:
        expect_loaded(card.locator(".photo img"))
    camera.take(live)

    assert live.evaluate(SHIFTS) < 0.1
    assert violations(live) == []


@both_sizes
def test_page_of_room_shows_its_photos_three_to_two(page: Page, camera: Camera) -> None:
    page.goto(WITH_PHOTOS)
    page.locator(".rooms .room").first.get_by_role("link").click()
    photos = page.get_by_role("region", name="Photos").get_by_role("img")
    expect(photos.first).to_be_visible()
    for photo in photos.all():
        expect_loaded(photo)
        box = photo.bounding_box()
        assert box is not None
        assert round(box["width"] / box["height"], 2) == 1.5
    camera.take(page, full_page=True)


def test_photo_in_list_does_not_cover_the_link(live: Page) -> None:
    live.goto(WITH_PHOTOS)
    card = live.locator(".rooms .room").first
    code = card.get_attribute("data-code")
    card.click(position={"x": 20, "y": 40})

    live.wait_for_url(f"**/room/{code}")
