"""An empty result says what to loosen, and every count is what its link finds."""

import re
from html import unescape

import pytest
from falcon import testing
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.room import Room
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.loosen_search import COUNT_TO
from tests.builders import make_room, room_sets
from tests.slow import SlowRepo
from tests.web.conftest import client_of, get

METRE = 1 / 111_195
"""Degrees of latitude."""

ROOMS = [
    make_room(code="a", price=53, size=20),
    make_room(code="b", price=54, size=22),
    make_room(code="c", price=54, size=None),
    make_room(code="d", price=90, size=40, latitude=51.5 + 2500 * METRE),
]


def advice(client: testing.TestClient, query: str) -> list[tuple[str, str]]:
    """Return the texts of the advice, with their links."""
    page = get(client, f"/?{query}")

    assert page.status_code == 200
    assert "No room matches" in page.text
    links = re.findall(r'<li><a href="([^"]*)" data-search>([^<]*)</a></li>', page.text)
    return [(text, unescape(link)) for link, text in links]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter_price__lte=50", [("Up to 55 per day: 3 rooms", "/?filter_price__lte=55")]),
        ("filter_price__lt=50", [("Up to 55 per day: 3 rooms", "/?filter_price__lte=55")]),
        ("filter_price__gte=99", [("From 50 per day: 4 rooms", "/?filter_price__gte=50")]),
        ("filter_size__gt=50", [("40 m² or more: 1 room", "/?filter_size__gte=40")]),
        ("filter_size__lte=5", [("20 m² or less: 1 room", "/?filter_size__lte=20")]),
        ("filter_price__eq=7", [("Without the filter for price per day: 4 rooms", "/?")]),
        ("filter_kind__eq=Loft&filter_kind__ne=Flat", [("Without the filter for kind: 4 rooms", "/?")]),
        (
            "filter_kind__eq=Loft&filter_guests__gte=2",
            [("Without the filters for kind and guests: 4 rooms", "/?")],
        ),
        ("q=nowhere", [("Without the words: 4 rooms", "/?")]),
        (
            "q=nowhere&filter_price__lte=50",
            [("Without any filter: 4 rooms", "/?")],
        ),
        ("bbox=0,0,1,1", [("Anywhere, not just in the map area: 4 rooms", "/?")]),
        ("near=51.53,-0.12&radius=200", [("Within 1 km: 1 room", "/?near=51.53,-0.12&radius=1000")]),
        ("near=10,10&radius=200&sort=price", [("Anywhere: 4 rooms", "/?near=10,10&sort=price")]),
        (
            "filter_price__gte=60&filter_price__lte=55",
            [
                ("Up to 90 per day: 1 room", "/?filter_price__gte=60&filter_price__lte=90"),
                ("From 50 per day: 3 rooms", "/?filter_price__lte=55&filter_price__gte=50"),
            ],
        ),
        ("filter_price__lte=50&bbox=0,0,1,1", [("Without any filter: 4 rooms", "/?")]),
        (
            "filter_price__lt=60&filter_price__gt=58&bbox=0,0,1,1",
            [
                ("No highest price, anywhere: 1 room", "/?filter_price__gt=58"),
                ("No lowest price, anywhere: 3 rooms", "/?filter_price__lt=60"),
                ("Without any filter: 4 rooms", "/?"),
            ],
        ),
        (
            "filter_price__lte=50&filter_size__gte=99&near=51.53,-0.12&radius=200&sort=-price",
            [("Without any filter: 4 rooms", "/?near=51.53,-0.12&sort=-price")],
        ),
    ],
)
def test_each_filter_is_loosened_in_words(query: str, expected: list[tuple[str, str]]) -> None:
    assert expected == advice(client_of(MemRepo(ROOMS)), query)


def test_a_large_number_of_rooms_is_shown_as_more_than_the_bound() -> None:
    rooms = [make_room(code=f"{number:05}") for number in range(COUNT_TO + 5)]

    assert [("Anywhere, not just in the map area: more than 1,000 rooms", "/?")] == advice(
        client_of(MemRepo(rooms)), "bbox=0,0,1,1"
    )


def test_the_rest_of_the_search_is_kept() -> None:
    query = "filter_price__lt=50&filter_code__ne=zzz&sort=-price&limit=2"

    assert [
        ("Up to 55 per day: 3 rooms", "/?filter_code__ne=zzz&sort=-price&limit=2&filter_price__lte=55")
    ] == advice(client_of(MemRepo(ROOMS)), query)


@pytest.mark.parametrize("repository", [SlowRepo(ROOMS), MemRepo()])
def test_without_advice_nothing_is_shown(repository: MemRepo) -> None:
    assert [] == advice(client_of(repository), "filter_price__lte=50&bbox=0,0,1,1")


def test_a_page_after_the_last_gives_no_advice() -> None:
    client = client_of(MemRepo(ROOMS))
    first = get(client, "/?limit=3").text
    link = re.search(r'class="next" href="([^"]+)"', first)
    assert link
    later = get(client_of(MemRepo(ROOMS[:3])), unescape(link.group(1)))

    assert "The rooms that were here are gone" in later.text
    assert "These searches find some" not in later.text


def test_the_part_for_scripts_gives_the_same_advice() -> None:
    part = get(client_of(MemRepo(ROOMS)), "/parts/rooms?filter_price__lte=50")

    assert "Up to 55 per day: 3 rooms" in part.text


QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "filter_price__lte": st.integers(0, 70).map(str),
        "filter_price__gt": st.integers(0, 70).map(str),
        "filter_size__gte": st.integers(1, 70).map(str),
        "filter_size__lt": st.integers(1, 70).map(str),
        "filter_code__ne": st.just("zzz"),
        "bbox": st.just("-1,51,1,52"),
        "radius": st.sampled_from(["0", "100", "2500"]),
    },
)


@given(room_sets(max_size=10), QUERIES)
def test_every_count_is_what_its_link_finds(rooms: list[Room], query: dict[str, str]) -> None:
    client = client_of(MemRepo(rooms))
    given = "&".join(f"{name}={text}" for name, text in ({"near": "51.5,0"} | query).items())
    if "No room matches" not in get(client, f"/?{given}").text:
        return

    for text, link in advice(client, given):
        heading = re.search(r"<h1>(.*?)</h1>", get(client, link).text)

        assert heading
        assert text.endswith(f": {heading.group(1)}")
