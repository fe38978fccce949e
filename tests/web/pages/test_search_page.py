import re
from html import unescape

import pytest
from falcon import testing

from rentomatic.domain.room import CODE_RULE
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable
from rentomatic.web.app import create_app
from rentomatic.web.http.static_files import prefix
from rentomatic.web.pages.tiles import Tiles
from tests.builders import make_room
from tests.slow import LargeRepo, SlowRepo
from tests.web.conftest import client_of, get


def test_the_page_lists_rooms_with_price_size_and_place(client: testing.TestClient) -> None:
    page = get(client, "/")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>4 rooms</h1>" in page.text
    assert "<strong>39</strong> per day" in page.text
    assert "215 m²" in page.text
    assert "51.7544, -0.1000" in page.text


def test_empty_fields_of_the_form_are_not_filters(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__gte=&filter_price__lte=50&near=&radius=&sort=")

    assert "<h1>2 rooms</h1>" in page.text


def test_the_form_keeps_typed_values(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__lte=50&near=51.5,%20-0.1&sort=-price")

    assert (
        'name="filter_price__lte" inputmode="numeric" autocomplete="off" placeholder="any" value="50"'
        in page.text
    )
    assert 'value="51.5,-0.1"' in page.text
    assert '<option value="-price" selected>' in page.text
    assert "away" in page.text


def test_place_copied_from_a_map_is_normalised_in_links(client: testing.TestClient) -> None:
    page = get(client, "/?near=51.5+,+-0.1&bbox=-1,%2051,%201,%2052&limit=1")

    assert 'value="51.5,-0.1"' in page.text
    assert 'name="bbox" value="-1,51,1,52"' in page.text
    assert "/?near=51.5,-0.1&amp;bbox=-1,51,1,52&amp;limit=1&amp;cursor=" in page.text


def test_a_bad_value_is_explained_beside_its_field(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__lte=cheap")

    assert page.status_code == 400
    assert 'value="cheap" aria-invalid="true" aria-describedby="filter_price__lte-problem"' in page.text
    assert "must be a whole number such as 60, not &#39;cheap&#39;" in page.text


def test_errors_use_the_labels_of_the_form(client: testing.TestClient) -> None:
    page = get(
        client,
        "/?filter_price__lte=Fam%C3%ADlia&near=%E2%80%AEhere&radius=5&sort=cheap&filter_code__ne=-&cursor=x",
    )

    told = re.search(r'role="alert">(.*?)</ul>', page.text, re.DOTALL)
    assert told
    lines = [
        unescape(re.sub("<.*?>", "", line)).strip() for line in told.group(1).splitlines() if "<li>" in line
    ]
    assert lines[:2] == [
        "Price per day, to: must be a whole number such as 60, not 'Família'",
        f"Code, other than: {CODE_RULE}, not '-'",
    ]
    assert [line.partition(":")[0] for line in lines[2:]] == ["Near", "Sort"]
    assert "not 'here'" in lines[2]
    for name in ("filter_price__lte", "near"):
        assert f'<a href="#{name}">' in told.group(1)
        assert f'id="{name}-problem"' in page.text


def test_a_distance_without_a_place_names_the_missing_field(client: testing.TestClient) -> None:
    page = get(client, "/?radius=500")

    assert "needs “Near”, the point to measure from" in page.text


@pytest.mark.parametrize("radius", ["-3", "99999999", "far"])
def test_an_impossible_distance_is_explained_but_not_offered(client: testing.TestClient, radius: str) -> None:
    page = get(client, f"/?near=51.5,-0.1&radius={radius}")

    assert 400 == page.status_code
    assert f"not &#39;{radius}&#39;" in page.text
    assert f'<option value="{radius}"' not in page.text


def test_an_unusual_distance_stays_chosen_beside_another_mistake(client: testing.TestClient) -> None:
    page = get(client, "/?near=here&radius=1234")

    assert '<option value="1234" selected>1.2 km</option>' in page.text


def test_an_invalid_page_link_is_explained_without_terms_of_the_api(
    client: testing.TestClient,
) -> None:
    page = get(client, "/?cursor=nonsense")

    assert page.status_code == 400
    assert "Page: this link does not belong to this search, or is incomplete" in page.text


UNKNOWN = "utm_source=news&fbclid=abc&gclid=x&lang=de&fbclid=%FF&count=exact&format=csv"


@pytest.mark.parametrize("path", ["/", "/parts/rooms", "/parts/prices", "/docs", "/staff", "/room/{}"])
def test_pages_ignore_unknown_parameters(client: testing.TestClient, path: str) -> None:
    path = path.format(FIRST_ROOMS[0].code)
    page = get(client, f"{path}?{UNKNOWN}", accept="text/html")

    assert page.status_code == 200
    assert get(client, path).text == page.text


def test_links_drop_unknown_parameters(client: testing.TestClient) -> None:
    plain = get(client, "/?filter_price__lte=500&limit=1")
    page = get(client, f"/?utm_source=news&filter_price__lte=500&{UNKNOWN}&limit=1")

    assert plain.text == page.text
    assert 'class="next"' in page.text
    assert 'data-address="/?filter_price__lte=500&amp;limit=1"' in page.text


def test_too_many_unknown_parameters_are_ignored(client: testing.TestClient) -> None:
    assert get(client, "/?" + "&".join(f"x{number}=1" for number in range(500))).status_code == 200


def test_an_unknown_filter_is_ignored_with_a_message(client: testing.TestClient) -> None:
    page = get(client, "/?filter_pirce__lt=60&filter_price__lte=50")

    assert page.status_code == 200
    assert "a filter that does not exist and was ignored: <code>filter_pirce__lt</code>" in page.text
    assert chips(page) == {"Up to 50 per day": "/?"}


def test_the_last_value_of_a_repeated_field_counts(client: testing.TestClient) -> None:
    page = get(
        client, "/?filter_price__lte=5000&filter_price__lte=50&near=0,0&near=51.5,-0.1&sort=x&sort=price"
    )

    assert page.status_code == 200
    assert chips(page) == {
        "Up to 50 per day": "/?near=51.5,-0.1&sort=price",
        "Near 51.5000, -0.1000": "/?filter_price__lte=50&sort=price",
    }


def test_repeated_filters_without_a_field_all_hold(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__ne=39&filter_price__ne=60&filter_price__ne=39")

    assert ["Price, other than: 39", "Price, other than: 60"] == list(chips(page))


def test_pasted_hidden_characters_are_ignored(client: testing.TestClient) -> None:
    page = get(client, "/?near=%E2%80%8E51.5,%20-0.1%E2%80%AC")

    assert page.status_code == 200
    assert 'value="51.5,-0.1"' in page.text


def test_a_filter_without_a_field_is_kept_and_shown(client: testing.TestClient) -> None:
    page = get(client, "/?filter_code__ne=zzz&bbox=0,51,1,52")

    assert '<input type="hidden" name="bbox" value="0,51,1,52">' in page.text
    assert chips(page) == {
        "In the map area": "/?filter_code__ne=zzz",
        "Code, other than: zzz": "/?bbox=0,51,1,52",
    }


def test_text_from_the_url_is_escaped(client: testing.TestClient) -> None:
    page = get(client, "/?filter_code__eq=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")

    assert "<script>" not in page.text


def test_the_page_loads_only_from_its_own_server(client: testing.TestClient) -> None:
    page = get(client, "/")

    assert page.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    loaded = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', page.text)
    assert {address.startswith("/static/") for address in loaded} == {True}
    assert not re.search(r"<script>|<style| style=| on[a-z]+=", page.text)


def test_a_tile_server_is_passed_to_the_map_and_allowed_by_the_policy() -> None:
    tiles = Tiles("https://tiles.example:8443/{z}/{x}/{y}.png", "Maps by A & B")
    page = get(testing.TestClient(create_app(MemRepo(), tiles=tiles)), "/")

    assert "img-src 'self' data: https://tiles.example:8443;" in page.headers["content-security-policy"]
    assert 'data-tiles="https://tiles.example:8443/{z}/{x}/{y}.png"' in page.text
    assert 'data-tiles-attribution="Maps by A &amp; B"' in page.text


def test_a_shared_link_has_a_preview_of_the_search(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__lte=50")

    told = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)">', page.text))
    assert told == {
        "site_name": "Rent-o-matic",
        "type": "website",
        "title": "2 rooms",
        "description": "2 rooms: Up to 50 per day",
        "url": "http://falconframework.org/?filter_price__lte=50",
        "image": f"http://falconframework.org{prefix()}/preview.png",
    }


def test_every_active_filter_can_be_removed(client: testing.TestClient) -> None:
    page = get(
        client,
        "/?filter_price__gte=1&filter_price__lte=5000&filter_size__gte=2&filter_size__lte=900"
        "&near=51.5,-0.1&radius=90000&sort=distance",
    )

    place = "near=51.5,-0.1&radius=90000&sort=distance"
    assert chips(page) == {
        "From 1 per day": f"/?filter_price__lte=5000&filter_size__gte=2&filter_size__lte=900&{place}",
        "Up to 5,000 per day": f"/?filter_price__gte=1&filter_size__gte=2&filter_size__lte=900&{place}",
        "2 m² or more": f"/?filter_price__gte=1&filter_price__lte=5000&filter_size__lte=900&{place}",
        "900 m² or less": f"/?filter_price__gte=1&filter_price__lte=5000&filter_size__gte=2&{place}",
        "Within 90 km of 51.5000, -0.1000": (
            "/?filter_price__gte=1&filter_price__lte=5000&filter_size__gte=2&filter_size__lte=900"
        ),
    }
    assert 'class="all" href="/?sort=distance"' not in page.text


def test_clearing_all_filters_keeps_the_sort(client: testing.TestClient) -> None:
    page = get(client, "/?filter_price__lte=50&sort=-price")

    assert '<a class="all" href="/?sort=-price" data-search>Clear all</a>' in page.text


def test_removing_a_filter_returns_to_the_first_page() -> None:
    client = client_of(MemRepo(make_room(code=f"room-{n:02}") for n in range(30)))
    link = re.search(r'class="next" href="([^"]+)"', get(client, "/?filter_price__lte=900").text)
    assert link

    assert chips(get(client, unescape(link.group(1)))) == {"Up to 900 per day": "/?"}


def test_an_unusual_distance_and_sort_are_kept(client: testing.TestClient) -> None:
    page = get(client, "/?near=51.5,-0.1&radius=1234&sort=-code")

    assert '<option value="1234" selected>1.2 km</option>' in page.text
    assert '<option value="-code" selected>Code, descending</option>' in page.text


def test_the_chart_shows_all_prices_and_marks_the_chosen_ones() -> None:
    client = client_of(MemRepo(make_room(code=f"{n:02}", price=n) for n in range(10, 20)))
    page = get(client, "/?filter_price__gte=12&filter_price__lte=15")

    assert 'data-stops="[10, 11, 12, 13, 14, 15, 16, 17, 18, 19]"' in page.text
    bars = re.findall(r"<rect [^>]*?( class=\"chosen\")?/>", page.text)
    assert [bool(chosen) for chosen in bars] == [False] * 2 + [True] * 3 + [False] * 5
    assert 'class="low" type="range" min="0" max="10" step="1" value="2"' in page.text
    assert 'class="high" type="range" min="0" max="10" step="1" value="5"' in page.text


@pytest.mark.parametrize(
    ("prices", "most"),
    [((40,), "40 or more"), ((40, 40, 41), "40"), ((10, 11, 30, 31, 32, 90), "30 to 34")],
)
def test_the_chart_is_described_in_words(prices: tuple[int, ...], most: str) -> None:
    client = client_of(MemRepo(make_room(code=f"{n}", price=price) for n, price in enumerate(prices)))

    assert f'aria-label="Most rooms cost {most} per day"' in get(client, "/").text


def test_a_part_is_the_same_as_in_the_page(client: testing.TestClient) -> None:
    search = "?filter_price__lte=60&near=51.5,-0.1"
    page = get(client, f"/{search}")

    for part in (get(client, f"/parts/rooms{search}"), get(client, f"/parts/prices{search}")):
        assert part.headers["content-type"] == "text/html; charset=utf-8"
        assert part.text.strip() in page.text


@pytest.mark.parametrize("part", ["rooms", "prices"])
def test_a_part_of_an_invalid_search_is_refused(client: testing.TestClient, part: str) -> None:
    assert get(client, f"/parts/{part}?filter_price__lte=cheap").status_code == 400


def test_the_next_page_continues_where_this_one_ends() -> None:
    client = client_of(MemRepo(make_room(code=f"room-{n:02}") for n in range(30)))
    first = get(client, "/?sort=price")

    link = re.search(r'class="next" href="([^"]+)"', first.text)
    assert link
    second = get(client, unescape(link.group(1)))

    assert ("room-23" in first.text, "room-24" in first.text) == (True, False)
    assert ("room-23" in second.text, "room-24" in second.text) == (False, True)
    assert "<h1>30 rooms</h1>" in second.text
    assert 'href="/?sort=price" data-search>First page</a>' in second.text
    assert 'class="next"' not in second.text


@pytest.mark.parametrize(
    ("query", "title"),
    [("", "There are no rooms yet"), ("?filter_price__lte=5", "No room matches")],
)
def test_an_empty_result_says_why(query: str, title: str) -> None:
    assert title in get(client_of(MemRepo()), f"/{query}").text


def test_a_number_that_takes_too_long_to_count_is_shown_as_an_estimate() -> None:
    page = get(client_of(SlowRepo(make_room(code=f"{number:05}") for number in range(12_346))), "/")

    assert "<h1>About 12,300 rooms</h1>" in page.text
    assert "<title>About 12,300 rooms" in page.text


def test_an_unknown_parameter_is_not_kept_in_the_form(client: testing.TestClient) -> None:
    page = get(client, "/?colour=red&bbox=0,51,1,52")

    assert '<input type="hidden" name="bbox"' in page.text
    assert '<input type="hidden" name="colour"' not in page.text


class ChartlessRepo(MemRepo):
    """Has time only for the rooms themselves."""

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        raise OutOfTime

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        raise OutOfTime


def test_the_rooms_are_shown_if_the_chart_takes_too_long() -> None:
    client = client_of(ChartlessRepo([make_room()]))

    assert "1 room<" in get(client, "/").text
    assert get(client, "/parts/prices").text.strip() == ""


class BusyRepo(MemRepo):
    """Reads a page of rooms, but raises `error` on everything else."""

    error: RepositoryUnavailable = OutOfTime()

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        raise self.error

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        raise self.error

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        raise self.error


@pytest.fixture(
    params=[OutOfTime(), RepositoryUnavailable("All connections are in use.")], ids=["late", "busy"]
)
def busy(request: pytest.FixtureRequest) -> testing.TestClient:
    repository = BusyRepo(make_room(code=f"r{number}") for number in range(5))
    repository.error = request.param
    return client_of(repository)


@pytest.mark.parametrize("path", ["/", "/parts/rooms"])
def test_rooms_are_shown_without_a_total_if_it_cannot_be_counted(busy: testing.TestClient, path: str) -> None:
    page = get(busy, f"{path}?limit=2")

    assert (200, 2) == (page.status_code, page.text.count('<li class="room'))
    assert "<h1>Rooms</h1>" in page.text
    assert 'rel="next"' in page.text


def test_an_empty_result_is_shown_without_advice_if_nothing_can_be_counted(
    busy: testing.TestClient,
) -> None:
    page = get(busy, "/?filter_price__lte=1")

    assert 200 == page.status_code
    assert "No room matches" in page.text
    assert "These searches find some" not in page.text


def test_a_chart_alone_is_an_error_only_if_the_storage_is_unreachable() -> None:
    repository = BusyRepo()
    late = get(client_of(repository), "/parts/prices")
    repository.error = RepositoryUnavailable("The storage cannot be reached.")

    assert (200, "") == (late.status_code, late.text.strip())
    assert 503 == get(client_of(repository), "/parts/prices").status_code


@pytest.mark.parametrize(
    ("path", "samples"), [("/", 1), ("/?filter_price__gte=0", 2), ("/parts/rooms", 1), ("/parts/prices", 1)]
)
def test_a_page_uses_samples_if_reading_all_rooms_is_not_quick(path: str, samples: int) -> None:
    repository = LargeRepo(make_room(code=f"{number:05}") for number in range(1234))
    page = get(client_of(repository), path)

    assert (200, samples) == (page.status_code, repository.sampled)
    assert ("bout 1,230 rooms" in page.text) == (path != "/parts/prices")


def chips(page: testing.Result) -> dict[str, str]:
    """Return the labels of the active filters, with their links."""
    found = re.findall(
        r'<a href="([^"]+)" data-search title="Remove this filter">.*?</span>(.*?)<span', page.text
    )
    return {unescape(label): unescape(link) for link, label in found}


def test_words_have_a_field_and_can_be_taken_off() -> None:
    rooms = [make_room(code="a", title="Quiet room"), make_room(code="b", title="Quiet"), make_room(code="c")]
    client = client_of(MemRepo(rooms))

    page = get(client, "/?q=+quiet++room&sort=price")

    assert "<h1>1 room</h1>" in page.text
    assert 'value="quiet  room"' in page.text
    assert "“quiet  room”" in page.text
    assert 'href="/?sort=price"' in page.text
