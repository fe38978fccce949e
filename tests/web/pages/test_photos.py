"""The photos of rooms on pages: where they come from, and what becomes of those that cannot be shown."""

from pathlib import Path

import pytest
from falcon import testing

from rentomatic.domain.room import Room
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.web.app import create_app
from rentomatic.web.http.photos import PhotoFolder
from rentomatic.web.pages.photos import NO_PHOTOS, Gallery, Photos
from tests.builders import make_room
from tests.web.conftest import get

HOSTS = ("cdn.example", "*.photos.example")


def images(photos: Photos, *names: str) -> tuple[str, ...]:
    return photos.of(make_room(photos=names)).images


def page_of(room: Room, target: str, photos: Photos = NO_PHOTOS) -> str:
    """Return a page about the room."""
    answer = get(testing.TestClient(create_app(MemRepo([room]), photos=photos)), target)

    assert answer.status_code == 200
    return answer.text


def test_files_of_the_folder_and_drawings_are_images(tmp_path: Path) -> None:
    (tmp_path / "front.jpg").write_bytes(b"\xff\xd8\xff")

    assert images(Photos(PhotoFolder(tmp_path)), "front.jpg", "desk.svg") == (
        "/photos/front.jpg",
        "/photos/desk.svg",
    )


def test_missing_file_is_an_empty_image(tmp_path: Path) -> None:
    assert images(Photos(PhotoFolder(tmp_path)), "front.jpg", "desk.svg") == ("", "/photos/desk.svg")
    assert images(NO_PHOTOS, "front.jpg") == ("",)


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example/1.jpg",
        "https://CDN.example:443/1.jpg",
        "https://cdn.example?photo=1",
        "https://a.photos.example/1.jpg",
        "https://b.a.photos.example",
    ],
)
def test_photos_of_allowed_hosts_are_images(address: str) -> None:
    photos = Photos(hosts=HOSTS)

    assert photos.of(make_room(photos=(address,))) == Gallery((address,), ())


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://other.example/1.jpg", "other.example"),
        ("https://cdn.example:8443/1.jpg", "cdn.example:8443"),
        ("https://cdn.example.evil.example/1.jpg", "cdn.example.evil.example"),
        ("https://photos.example/1.jpg", "photos.example"),
        ("https://evilphotos.example/1.jpg", "evilphotos.example"),
        ("https://other.example/?https://cdn.example/", "other.example"),
    ],
)
def test_photos_of_other_hosts_are_links(address: str, host: str) -> None:
    photos = Photos(hosts=HOSTS)

    assert photos.of(make_room(photos=(address,))) == Gallery((), ((address, host),))


def test_page_of_room_shows_its_photos_and_loads_the_first_at_once() -> None:
    page = page_of(make_room(code="a1", photos=("desk.svg", "kitchen.svg")), "/room/a1")

    assert (
        '<a class="photo" href="/photos/desk.svg">'
        '<img src="/photos/desk.svg" alt="Photo 1 of 2" width="480" height="320"></a>'
    ) in page
    assert (
        '<a class="photo" href="/photos/kitchen.svg">'
        '<img src="/photos/kitchen.svg" alt="Photo 2 of 2" width="480" height="320" loading="lazy"></a>'
    ) in page


def test_page_of_room_links_to_photos_on_other_hosts() -> None:
    page = page_of(make_room(code="a1", photos=("https://cdn.example/1.jpg?a=1&b=2",)), "/room/a1")

    assert (
        '<a href="https://cdn.example/1.jpg?a=1&amp;b=2" rel="nofollow noopener">1 on cdn.example</a>' in page
    )
    assert 'class="gallery"' not in page


def test_page_of_room_leaves_a_box_for_a_missing_file() -> None:
    page = page_of(make_room(code="a1", photos=("gone.jpg", "desk.svg")), "/room/a1")

    assert '<span class="photo"></span>' in page
    assert "gone.jpg" not in page
    assert 'alt="Photo 2 of 2"' in page


def test_page_of_room_without_photos_has_no_gallery() -> None:
    page = page_of(make_room(code="a1"), "/room/a1")

    assert 'class="gallery"' not in page
    assert "Photos" not in page


def test_list_shows_the_first_photo_that_is_there() -> None:
    page = page_of(make_room(photos=("gone.jpg", "desk.svg", "kitchen.svg")), "/")

    assert '<img src="/photos/desk.svg" alt="" width="480" height="320" loading="lazy">' in page
    assert "kitchen.svg" not in page


@pytest.mark.parametrize("photos", [None, ("https://cdn.example/1.jpg",)])
def test_list_has_no_box_for_a_room_without_images(photos: tuple[str, ...] | None) -> None:
    page = page_of(make_room(photos=photos), "/")

    assert 'data-code="a1"' in page
    assert 'class="photo"' not in page
