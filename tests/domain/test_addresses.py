"""Addresses of pages and photos: which are allowed, and how they are put right."""

import pytest

from rentomatic.domain.addresses import PAGE, PHOTO
from rentomatic.domain.room import InvalidRoom
from tests.builders import make_room


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://example.com/a",
        "data:text/html,x",
        "//example.com",
        "https://",
        "https://user:secret@example.com/",
        "https://example.com/a b",
        "https://example.com/\u202e",
        "https://example.com/ü",
        "https://exa_mple.com/",
        'https://example.com/"onload=',
        "https://example.com/" + "a" * 481,
        "",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidRoom, match="url must be an address such as"):
        make_room(url=url)


@pytest.mark.parametrize(
    "url", ["http://example.com", "https://[2001:db8::1]:8000/a?b=c#d", "http://localhost/%20"]
)
def test_addresses_with_http_and_https_are_accepted(url: str) -> None:
    assert url == make_room(url=url).url


@pytest.mark.parametrize(
    "photo",
    ["http://example.com/a.jpg", "../a.jpg", "a/b.jpg", ".a.jpg", "a.txt", "a.jpg ", "javascript:a.jpg"],
)
def test_other_photos_are_refused(photo: str) -> None:
    with pytest.raises(
        InvalidRoom, match="photos must be an address that starts with https:// or the name of"
    ):
        make_room(photos=[photo])


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://user@example.com/", ", without a user name"),
        ("https://example.com/a b", ", without spaces"),
        ("https://example.com/" + "a" * 481, ", of at most 500 characters"),
        ("https://exa_mple.com/", ", with a host of ASCII letters, digits, dots and hyphens"),
        ("https://", ", with a host of ASCII letters, digits, dots and hyphens"),
        ("https://example.com/ü", ", in ASCII"),
        ('https://example.com/"', ', without "'),
        ("ftp://example.com/", ""),
    ],
)
def test_what_is_wrong_with_an_address_is_named(url: str, wrong: str) -> None:
    assert f"must be an address such as https://example.com/room-7{wrong}" == PAGE.problem(url)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://münchen.de/a", "https://xn--mnchen-3ya.de/a"),
        ("https://MÜNCHEN.de:8000", "https://xn--mnchen-3ya.de:8000"),
        ("https://de.wikipedia.org/wiki/München", "https://de.wikipedia.org/wiki/M%C3%BCnchen"),
        (" HTTPS://Example.com/?q=Ü ", "https://Example.com/?q=%C3%9C"),
        ("https://example.com/?to=HTTP://münchen.de", "https://example.com/?to=HTTP://m%C3%BCnchen.de"),
    ],
)
def test_addresses_are_put_right(text: str, url: str) -> None:
    assert url == PAGE.tidied(text) == PHOTO.tidied(text)
    assert PAGE.problem(url) is None


@pytest.mark.parametrize(
    "host",
    ["straße.de", "example.com／a", "user＠münchen.de", "ü@example.com", "ü" * 64, "ü." * 200, "\ud800.de"],
)
def test_a_host_that_may_be_another_one_is_refused(host: str) -> None:
    assert PAGE.problem(PAGE.tidied(f"https://{host}/")) is not None
