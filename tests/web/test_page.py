import re
from html import unescape

import pytest
from falcon import testing

from rentomatic.repository.memory import MemRepo
from tests.builders import make_room
from tests.slow import SlowRepo
from tests.web.conftest import client_of, get


def test_the_page_lists_rooms_with_price_size_and_place(client: testing.TestClient) -> None:
    page = get(client, "/")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>4 rooms</h1>" in page.text
    assert "<strong>39</strong> a day" in page.text
    assert "215 m²" in page.text
    assert "51.7544, -0.1000" in page.text


def test_the_empty_fields_of_the_form_are_no_filters(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__gte=&filter_price__lte=50&near=&radius=&sort=")

    assert "<h1>2 rooms</h1>" in page.text


def test_the_form_keeps_what_was_typed(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__lte=50&near=51.5,%20-0.1&sort=-price")

    assert 'name="filter_price__lte" inputmode="numeric" placeholder="any" value="50"' in page.text
    assert 'value="51.5,-0.1"' in page.text
    assert '<option value="-price" selected>' in page.text
    assert "away" in page.text


def test_a_bad_value_is_explained_beside_its_field(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__lte=cheap")

    assert page.status_code == 400
    assert 'value="cheap" aria-invalid="true" aria-describedby="filter_price__lte-problem"' in page.text
    assert "must be a whole number such as 60, not &#39;cheap&#39;" in page.text


def test_a_filter_that_the_form_has_no_field_for_is_kept_and_shown(client: testing.TestClient) -> None:
    page = get(client, "/?filter_code__ne=zzz&bbox=0,51,1,52")

    assert '<input type="hidden" name="bbox" value="0,51,1,52">' in page.text
    assert "<code>filter_code__ne=zzz</code>" in page.text


def test_what_a_stranger_puts_into_the_url_is_only_shown(client: testing.TestClient) -> None:
    page = get(client, "/?filter_code__eq=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")

    assert "<script" not in page.text


def test_the_page_runs_nothing_and_asks_nobody_else(client: testing.TestClient) -> None:
    page = get(client, "/")

    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert not re.search(r"<script|style=|https?://", page.text)


def test_the_next_page_continues_where_this_one_ends() -> None:
    client = client_of(MemRepo(make_room(code=f"room-{n:02}") for n in range(30)))
    first = get(client, "/?sort=price")

    link = re.search(r'class="next" href="([^"]+)"', first.text)
    assert link
    second = get(client, unescape(link.group(1)))

    assert ("room-23" in first.text, "room-24" in first.text) == (True, False)
    assert ("room-23" in second.text, "room-24" in second.text) == (False, True)
    assert "<h1>30 rooms</h1>" in second.text
    assert 'href="/?sort=price">First page</a>' in second.text
    assert 'class="next"' not in second.text


@pytest.mark.parametrize(
    ("query", "title"),
    [("", "There are no rooms yet"), ("?filter_price__lte=5", "No room matches")],
)
def test_an_empty_result_says_why(query: str, title: str) -> None:
    assert title in get(client_of(MemRepo()), f"/{query}").text


def test_a_number_that_takes_too_long_to_count_is_told_to_be_about_so_many() -> None:
    page = get(client_of(SlowRepo(make_room(code=f"{number:05}") for number in range(12_346))), "/")

    assert "<h1>About 12,300 rooms</h1>" in page.text
    assert "<title>About 12,300 rooms" in page.text


def test_a_number_beyond_what_is_counted_is_told_as_more_than_that() -> None:
    page = get(client_of(MemRepo(make_room(code=f"{number:05}") for number in range(10_001))), "/")

    assert "<h1>More than 10,000 rooms</h1>" in page.text
