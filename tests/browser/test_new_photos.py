"""Photos are added to a room in a browser, by keyboard."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import Camera, assert_fits
from tests.browser.test_staff_pages import desk, fill, page, put, room_in, scripts, sign_in
from tests.builders import make_room
from tests.servers import Server
from tests.web.http.test_pictures import exif, picture

__all__ = ["desk", "page", "scripts"]  # fixtures


def choose(page: Page, *files: Path) -> None:
    """Choose files with the keyboard, and go on to the button."""
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Add photos").focus()
        page.keyboard.press("Enter")
    assert chooser.value.is_multiple()
    chooser.value.set_files(files)
    page.keyboard.press("Tab")


def size_of(image: Locator) -> list[int]:
    """The width and height of a picture that has been loaded."""
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    size: list[int] = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    return size


def test_photos_are_added_by_keyboard_and_removed_by_their_lines(
    page: Page, desk: Server, scripts: bool, tmp_path: Path, camera: Camera
) -> None:
    code = f"photographed-{scripts}"
    sideways, flat, letter = (tmp_path / name for name in ("sideways.jpg", "flat.png", "letter.jpg"))
    sideways.write_bytes(picture(size=(900, 600), exif=exif(orientation=6)))
    flat.write_bytes(picture("PNG", (901, 600)))
    letter.write_text("Dear Sir")
    sign_in(page, target="/staff/add")
    fill(page, code=code, price="70", latitude="51.5", longitude="-0.1")
    choose(page, sideways, letter, flat)
    expect(page.get_by_role("button", name="Add the room")).to_be_focused()
    page.keyboard.press("Enter")

    field = page.get_by_label("Add photos")
    expect(field).to_have_accessible_description(re.compile("^'letter.jpg' is not a JPEG, PNG"))
    assert "70" == page.get_by_label("Price per day").input_value()
    previews = page.get_by_role("list", name="Photos as they are now").locator("img")
    expect(previews).to_have_count(2)
    assert [[600, 900], [901, 600]] == [size_of(previews.nth(number)) for number in range(2)]
    if scripts:  # axe is one
        assert [] == violations(page)
    assert_fits(page, (320, 360, 768, 1280))
    camera.take(page, full_page=True)

    lines = page.get_by_label("Photos", exact=True)
    first, second = lines.input_value().split()
    lines.fill(second)
    page.get_by_role("button", name="Add the room").click()
    expect(page).to_have_url(f"{desk.url}/room/{code}?done=added")
    assert [901, 600] == size_of(page.get_by_role("img", name="Photo 1 of 1"))
    assert [second] == (room_in(desk, code) or {})["photos"]
    assert first != second
    camera.take(page, full_page=True)


def test_conflict_keeps_the_new_photos(page: Page, desk: Server, tmp_path: Path, camera: Camera) -> None:
    put(desk, make_room(code="disputed"))
    (tmp_path / "one.jpg").write_bytes(picture(size=(600, 400)))
    sign_in(page, target="/staff/rooms/disputed")
    choose(page, tmp_path / "one.jpg")
    put(desk, make_room(code="disputed", price=99))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Someone else changed this room")
    expect(page.get_by_role("row", name="Photos")).to_contain_text("differs")
    camera.take(page, full_page=True)
    page.get_by_role("button", name="Overwrite with mine").click()

    expect(page).to_have_url(f"{desk.url}/room/disputed?done=saved")
    assert [600, 400] == size_of(page.get_by_role("img", name="Photo 1 of 1"))
