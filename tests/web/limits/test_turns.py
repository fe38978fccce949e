"""Lanes of requests: how threads are divided, in which lane a read runs, and what needs no place."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from falcon import testing

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.facets import Facets
from rentomatic.domain.quoting import counted
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.use_cases.errors import NotQuick
from rentomatic.web.limits.client import Seldom
from rentomatic.web.limits.turns import App, Lanes, server_threads
from tests.servers import no_more_files
from tests.waiting import LIMIT, until
from tests.web.conftest import client_of, get

CLUSTERS = "/rooms/clusters?bbox=-1,51,1,52&zoom=9"
COUNTED = "/rooms?limit=1&count=exact"


class HeldRepo(MemRepo):
    """Records how it is used, and makes expensive reads wait until they are released.

    expensive_search, expensive_totals: whether a search, and a count and a summary, are not quick.
    held: the operations that wait.
    """

    def __init__(self, *held: str, expensive_search: bool = False, expensive_totals: bool = False) -> None:
        super().__init__(FIRST_ROOMS)
        self.asked: list[str] = []
        self.limits: list[int] = []
        self.held = held
        self.go = threading.Event()
        self._expensive = {
            "search": expensive_search,
            "count": expensive_totals,
            "summarise": expensive_totals,
            "facets": expensive_totals,
        }

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        self.limits.append(query.limit)
        self._ask("search", quick)
        return super().search(query, within, quick=quick)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        if within is not None:  # not for /metrics
            self._ask("count", quick)
        return super().count(query, at_most, within, quick=quick)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        self._ask("summarise", quick)
        return super().summarise(query, within)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        self._ask("sample")
        return replace(super().sample(query, within), share=0.5)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        self._ask("cells")
        return super().cells(query, grid, within)

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        self._ask("facets", quick)
        return super().facets(query, within, quick=quick)

    def _ask(self, operation: str, quick: bool = False) -> None:
        self.asked.append(f"quick {operation}" if quick else operation)
        if quick and self._expensive[operation]:
            raise NotQuick
        if operation in self.held:
            assert self.go.wait(LIMIT)


@contextmanager
def busy(
    repository: HeldRepo, threads: int, *targets: str
) -> Iterator[tuple[testing.TestClient, list[Future[testing.Result]]]]:
    """Requests that the storage holds up, and a client beside them."""
    client = client_of(repository, threads)
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        stack.callback(repository.go.set)
        held = [pool.submit(get, client, target) for target in targets]
        until(
            lambda: (
                sum(asked.removeprefix("quick ") in repository.held for asked in repository.asked)
                >= len(held)
            )
        )
        yield client, held


def lanes_of(client: testing.TestClient) -> Lanes:
    assert isinstance(client.app, App)
    return client.app.turns.lanes


def hurry(client: testing.TestClient) -> None:
    """Make requests wait for almost no time from now on."""
    assert isinstance(client.app, App)
    client.app.turns.tuning = replace(client.app.turns.tuning, wait=0.05)


@pytest.mark.parametrize(
    ("threads", "quick", "expensive"), [(1, 1, 1), (2, 1, 1), (3, 2, 1), (4, 3, 1), (8, 6, 2), (64, 48, 16)]
)
def test_a_quarter_of_the_threads_is_for_expensive_reads(threads: int, quick: int, expensive: int) -> None:
    lanes = Lanes.of(threads)

    assert (quick, expensive) == (lanes.quick.places, lanes.expensive.places)


@pytest.mark.parametrize("threads", [1, 2, 3, 4, 8, 64])
def test_threads_are_left_for_health_when_every_lane_and_every_queue_is_full(threads: int) -> None:
    taken = sum(lane.places + lane.queue for lane in Lanes.of(threads))

    assert 4 == server_threads(threads) - taken


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/rooms", ["quick search"]),
        (COUNTED, ["quick search", "quick count"]),
        ("/rooms/summary", ["quick summarise", "quick facets"]),
        (CLUSTERS, ["cells"]),
        ("/parts/prices", ["quick summarise"]),
    ],
)
def test_searches_and_totals_are_first_tried_as_quick_reads(target: str, asked: list[str]) -> None:
    repository = HeldRepo()

    assert 200 == get(client_of(repository), target).status_code
    assert asked == repository.asked


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize(
    ("target", "operation"),
    [("/rooms", "search"), (COUNTED, "count"), ("/rooms/summary", "summarise"), (CLUSTERS, "cells")],
)
def test_expensive_reads_take_no_quick_places(threads: int, target: str, operation: str) -> None:
    repository = HeldRepo(operation, expensive_search=operation == "search", expensive_totals=True)
    with busy(repository, threads, target) as (client, held):
        waiting = [pool_get(client, target) for _ in range(3)]
        until(lambda: lanes_of(client).expensive.waiting == 3)

        assert 200 == get(client, "/rooms/f853578c-fc0f-4e65-81b8-566c5dffa35a").status_code
        assert (1, 0) == (lanes_of(client).expensive.taken, lanes_of(client).quick.taken)
        repository.go.set()

        assert [200] * 4 == [found.result(LIMIT).status_code for found in (*held, *waiting)]
    assert 0 == lanes_of(client).expensive.taken


def pool_get(client: testing.TestClient, target: str, **headers: str) -> Future[testing.Result]:
    """A request in a thread of its own."""
    future: Future[testing.Result] = Future()
    threading.Thread(target=lambda: future.set_result(get(client, target, **headers)), daemon=True).start()
    return future


def test_a_search_that_is_not_quick_is_retried_in_the_expensive_lane() -> None:
    repository = HeldRepo(expensive_search=True)
    get(client_of(repository), COUNTED)

    assert ["quick search", "search", "count"] == repository.asked


@pytest.mark.parametrize(("target", "asked"), (("/rooms/summary", ["quick summarise"]), (CLUSTERS, [])))
def test_an_expensive_read_without_a_place_is_refused_before_it_reaches_the_storage(
    target: str, asked: list[str]
) -> None:
    repository = HeldRepo("cells", expensive_totals=True)
    with busy(repository, 4, CLUSTERS) as (client, _):
        hurry(client)
        answer = get(client, target)

        assert 503 == answer.status_code
        assert answer.headers["retry-after"] in "123"
        told = counted(int(answer.headers["retry-after"]), "second")
        assert answer.json["detail"].endswith(f"Nothing was done: try again in {told}.")
        assert ["cells", *asked] == repository.asked


def test_a_page_is_sent_without_a_place_for_expensive_reads() -> None:
    repository = HeldRepo("cells", expensive_totals=True)
    with busy(repository, 4, CLUSTERS) as (client, _):
        page = get(client, "/?limit=2")

        assert 200 == page.status_code
        totals = ["quick count", "sample"]  # the sample serves the chart too
        assert ["cells", "quick search", *totals] == repository.asked


def test_a_total_without_a_place_in_time_is_estimated() -> None:
    repository = HeldRepo("cells", expensive_totals=True)
    with busy(repository, 4, CLUSTERS) as (client, _):
        answer = get(client, COUNTED)

        assert (200, "false") == (answer.status_code, answer.headers["x-total-count-exact"])
        assert ["cells", "quick search", "quick count", "sample"] == repository.asked


def test_reads_outside_a_request_take_no_place() -> None:
    repository = HeldRepo("cells")
    with busy(repository, 1, CLUSTERS) as (client, _):
        assert "rentomatic_rooms 4.0" in get(client, "/metrics").text


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_health_responds_when_every_place_is_taken(path: str) -> None:
    repository = HeldRepo("search")
    with busy(repository, 1, "/rooms") as (client, _):
        assert 200 == get(client, path).status_code


def test_parts_of_a_page_go_before_new_searches() -> None:
    repository = HeldRepo("search")
    with busy(repository, 1, "/rooms?limit=1") as (client, held):
        held.append(pool_get(client, "/rooms?limit=2"))
        until(lambda: lanes_of(client).quick.waiting == 1)
        held.append(pool_get(client, "/parts/rooms?limit=3"))
        until(lambda: lanes_of(client).quick.waiting == 2)
        repository.go.set()
        assert [200] * 3 == [found.result(LIMIT).status_code for found in held]

    assert [1, 3, 2] == repository.limits


def waiting_part(client: testing.TestClient) -> Future[testing.Result]:
    """Start a part of a page view; return once it waits for an expensive place."""
    part = pool_get(client, CLUSTERS, Sec_Fetch_Site="same-origin", Sec_Fetch_Dest="empty")
    until(lambda: lanes_of(client).expensive.waiting == 1)
    return part


def test_a_page_waits_if_its_parts_would_be_too_late_and_other_requests_do_not() -> None:
    repository = HeldRepo("cells")
    with busy(repository, 4, CLUSTERS) as (client, held):
        held.append(waiting_part(client))
        expensive = lanes_of(client).expensive
        assert 200 == get(client, "/").status_code  # no request has taken long yet

        for _ in range(100):
            expensive.learn(5.0)
        held.append(pool_get(client, "/"))
        until(lambda: expensive.waiting == 2)
        assert 200 == get(client, "/rooms").status_code
        assert not held[-1].done()

        repository.go.set()
        assert [200] * 3 == [found.result(LIMIT).status_code for found in held]
    assert (0, 0) == (expensive.taken, expensive.waiting)


def test_a_page_that_waits_in_vain_for_the_parts_of_others_is_refused() -> None:
    repository = HeldRepo("cells")
    with busy(repository, 4, CLUSTERS) as (client, _):
        part = waiting_part(client)
        expensive = lanes_of(client).expensive
        for _ in range(100):
            expensive.learn(5.0)
        hurry(client)
        page = get(client, "/")
    part.result(LIMIT)  # it gives its place back

    assert (503, 0) == (page.status_code, expensive.taken)
    assert 'rentomatic_lane_refused_total{lane="expensive",reason="late"} 1.0' in get(client, "/metrics").text


def test_a_request_waits_even_if_no_more_files_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rentomatic.web.limits.turns._looks", Seldom(1.0))
    repository = HeldRepo("search")
    with busy(repository, 1, "/rooms") as (client, _), no_more_files():
        waiting = pool_get(client, "/rooms")
        until(lambda: lanes_of(client).quick.waiting == 1)
        repository.go.set()

        assert 200 == waiting.result(LIMIT).status_code


def test_metrics_show_each_lane() -> None:
    client = client_of(MemRepo(FIRST_ROOMS))
    for target in ("/rooms", "/rooms/summary", CLUSTERS):
        get(client, target)
    told = get(client, "/metrics").text

    assert 'rentomatic_lane_wait_seconds_count{lane="quick"} 3.0' in told
    assert 'rentomatic_lane_wait_seconds_count{lane="expensive"} 1.0' in told
    assert 'rentomatic_lane_at_work{lane="expensive"} 0.0' in told


def test_metrics_show_why_requests_got_no_place() -> None:
    repository = HeldRepo("cells")
    with busy(repository, 4, CLUSTERS) as (client, _):
        hurry(client)
        get(client, CLUSTERS)
        told = get(client, "/metrics").text

    assert 'rentomatic_lane_refused_total{lane="expensive",reason="late"} 1.0' in told
    assert 'rentomatic_lane_at_work{lane="expensive"} 1.0' in told
    assert 'rentomatic_lane_waiting{lane="expensive"} 0.0' in told
    assert "rentomatic_http_requests_turned_away_total 1.0" in told
