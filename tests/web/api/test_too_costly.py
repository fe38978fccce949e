"""A search that the storage cannot answer within a request's budget is refused with advice."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import pytest
from falcon import testing

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.web.api.rooms import TIME_TO_MAKE
from tests.web.conftest import client_of, get

LONDON = "-0.6,51.3,0.6,51.8"


class TooSlowRepo(MemRepo):
    """Answers only a look-up by code in time; records the seconds that it was given."""

    def __init__(self) -> None:
        super().__init__(FIRST_ROOMS)
        self.given: list[float] = []

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        raise self._late(within)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        raise self._late(within)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        raise self._late(within)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        raise self._late(within)

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        yield self._halfway(within)

    def _halfway(self, within: float | None) -> Iterator[Room]:
        yield FIRST_ROOMS[0]
        raise self._late(within)

    def _late(self, within: float | None) -> OutOfTime:
        assert within is not None
        self.given.append(within)
        return OutOfTime()


@pytest.fixture
def repository() -> TooSlowRepo:
    return TooSlowRepo()


@pytest.fixture
def client(repository: TooSlowRepo) -> testing.TestClient:
    return client_of(repository)


def told(answer: testing.Result) -> dict[str, Any]:
    """Return the problem, without Retry-After: the same search would take as long again."""
    assert (503, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert "urn:rentomatic:problem:too-costly" == answer.json["type"]
    assert "no-store" == answer.headers["cache-control"]
    assert "retry-after" not in answer.headers
    problem: dict[str, Any] = answer.json
    return problem


@pytest.mark.parametrize(
    ("target", "advice"),
    [
        (f"/rooms?bbox={LONDON}&sort=price", "make bbox smaller; leave out sort."),
        ("/rooms?near=51.5,0&radius=9000&limit=5&format=csv", "make radius smaller, such as 3000."),
        ("/rooms/summary", "add bbox, or near with radius."),
        (f"/rooms/clusters?bbox={LONDON}&zoom=9", "make bbox smaller."),
    ],
)
def test_search_that_takes_too_long_is_refused_and_says_how_to_narrow_it(
    client: testing.TestClient, target: str, advice: str
) -> None:
    assert told(get(client, target))["detail"] == f"This search takes too long. Narrow it: {advice}"


def test_export_that_takes_over_a_minute_is_refused_every_time(
    client: testing.TestClient, repository: TooSlowRepo
) -> None:
    problems = [told(get(client, "/rooms?format=csv&near=51.5,0")) for _ in range(5)]

    assert {"This search takes too long. Narrow it: add radius, such as 5000."} == {
        problem["detail"] for problem in problems
    }
    assert [TIME_TO_MAKE] * 5 == repository.given


@pytest.mark.parametrize("target", ["/rooms", "/rooms/summary", f"/rooms/clusters?bbox={LONDON}&zoom=9", "/"])
def test_no_read_of_a_request_has_more_than_a_second(
    client: testing.TestClient, repository: TooSlowRepo, target: str
) -> None:
    get(client, target)

    assert repository.given
    assert max(repository.given) <= 1.0


def test_search_that_takes_too_long_is_not_a_failure_of_the_storage(client: testing.TestClient) -> None:
    for target in ("/rooms", "/rooms/summary", f"/rooms/clusters?bbox={LONDON}&zoom=9"):
        told(get(client, target))

    assert "rentomatic_storage_errors_total{" not in get(client, "/metrics").text


SEARCH = f"near=51.5,-0.1&radius=25000&filter_price__lte=60&sort=price&filter_size__in={','.join(['9'] * 30)}"


@pytest.mark.parametrize("path", ["/", "/parts/rooms"])
def test_page_keeps_a_search_that_takes_too_long_and_offers_narrower_ones(
    client: testing.TestClient, path: str
) -> None:
    page = get(client, f"{path}?{SEARCH}", Accept="text/html")

    links = dict(re.findall(r'<li><a href="/(\?[^"]*)" data-search>([^<]*)</a></li>', page.text))
    assert (503, "no-store") == (page.status_code, page.headers["cache-control"])
    assert "<h1>This search takes too long</h1>" in page.text
    assert [unescape(text) for text in links.values()] == [
        "Without “Size, one of”",
        "Within 10 km",
        "Nearest first",
    ]
    assert "?near=51.5,-0.1&radius=25000&filter_price__lte=60&sort=price" in map(unescape, links)
    assert "Up to 60 per day" in page.text  # the filters that are on can be taken off, too


def test_form_keeps_its_values(client: testing.TestClient) -> None:
    page = get(client, f"/?{SEARCH}")

    assert 'value="51.5,-0.1"' in page.text
    assert '<option value="25000" selected>' in page.text


def test_page_for_a_narrow_search_asks_to_try_again(client: testing.TestClient) -> None:
    page = get(client, "/?near=51.5,-0.1&radius=250")

    assert 503 == page.status_code
    assert '<a href="/?near=51.5,-0.1&amp;radius=250">Try again</a> in a minute' in page.text


class LateRoomsRepo(MemRepo):
    """Takes that many seconds for a page, and records what is left for the total and the chart."""

    def __init__(self, rooms: tuple[Room, ...]) -> None:
        super().__init__(rooms)
        self.given: list[str] = []

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        self.given.append("count")
        raise OutOfTime

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        self.given.append("sample")
        raise OutOfTime


def test_rooms_are_shown_without_additions_that_take_too_long() -> None:
    repository = LateRoomsRepo(FIRST_ROOMS)

    page = get(client_of(repository), "/?limit=1")

    assert (200, ["count", "sample"]) == (page.status_code, repository.given)
    assert 1 == page.text.count('<li class="room"')


def test_chart_that_takes_too_long_is_left_out(client: testing.TestClient) -> None:
    chart = get(client, "/parts/prices")

    assert (200, "") == (chart.status_code, chart.text.strip())


def test_room_is_shown_without_neighbours_that_take_too_long(client: testing.TestClient) -> None:
    assert 200 == get(client, f"/room/{FIRST_ROOMS[0].code}").status_code
