"""The content of /metrics, with fake storages."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from falcon import testing

from rentomatic.domain.clusters import Grid
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.use_cases.errors import RepositoryUnavailable, StorageBusy
from rentomatic.use_cases.ports import OnConflict, PoolState, RoomRepository
from rentomatic.web.app import create_app
from rentomatic.web.telemetry.metrics import Metrics, Sources
from rentomatic.web.telemetry.observed import ObservedRepository, StorageTime
from tests.builders import make_room
from tests.metrics import Figures, figures, key
from tests.slow import SlowRepo
from tests.web.conftest import client_of, get


def scraped(client: testing.TestClient) -> Figures:
    answer = get(client, "/metrics")

    assert answer.status_code == 200
    return figures(answer.text)


class AwayRepo(MemRepo):
    error: RepositoryUnavailable = RepositoryUnavailable("away")

    def ping(self) -> None:
        raise self.error

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        raise self.error


class SilentRepo(MemRepo):
    """Does not answer until told to."""

    def __init__(self) -> None:
        super().__init__(FIRST_ROOMS)
        self.answer = threading.Event()

    def ping(self) -> None:
        self.answer.wait(60)


def test_requests_are_counted_by_the_template_of_their_path(client: testing.TestClient) -> None:
    for path in ("/rooms/nowhere-1", "/rooms/nowhere-2", "/secret-1", "/secret-2", "/static/secret.css"):
        get(client, path)
    client.simulate_request("TRACE", "/rooms")
    found = scraped(client)

    assert found[key("http_requests_total", method="GET", route="/rooms/{code}", status="404")] == 2
    assert found[key("http_requests_total", method="GET", route="(none)", status="404")] == 2
    assert found[key("http_requests_total", method="GET", route="/static/", status="404")] == 1
    assert found[key("http_requests_total", method="other", route="/rooms", status="405")] == 1
    assert found[key("http_request_duration_seconds_count", route="/rooms/{code}")] == 2
    assert not any("secret" in str(name) or "nowhere" in str(name) for name in found)


@pytest.mark.parametrize("error", [RepositoryUnavailable("away"), StorageBusy()])
def test_operations_of_the_storage_are_timed_and_their_errors_counted(error: RepositoryUnavailable) -> None:
    repository = AwayRepo(FIRST_ROOMS)
    repository.error = error
    client = client_of(repository)
    get(client, "/rooms")
    get(client, "/rooms/summary")
    found = scraped(client)

    assert found[key("storage_operation_seconds_count", operation="search")] == 1
    assert found[key("storage_operation_seconds_count", operation="summarise")] == 1
    assert found[key("storage_errors_total", operation="search")] == 1
    assert key("storage_errors_total", operation="summarise") not in found


def test_a_summary_from_a_sample_is_not_an_error_of_the_storage() -> None:
    client = client_of(SlowRepo(FIRST_ROOMS))
    get(client, "/rooms/summary")
    get(client, "/rooms?limit=1&count=exact")
    found = scraped(client)

    assert found[key("storage_operation_seconds_count", operation="sample")] == 2
    for operation in ("summarise", "count", "sample"):
        assert key("storage_errors_total", operation=operation) not in found


def test_every_operation_is_passed_to_the_storage() -> None:
    repository = MemRepo(FIRST_ROOMS)
    metrics = Metrics(Sources(repository=repository))
    observed: RoomRepository = ObservedRepository(repository, metrics, StorageTime())
    query = RoomQuery()

    assert observed.get(FIRST_ROOMS[0].code) == FIRST_ROOMS[0]
    assert observed.count(query) == len(FIRST_ROOMS)
    assert observed.summarise(query) == repository.summarise(query)
    assert observed.sample(query) == repository.sample(query)
    assert observed.cells(query, Grid(1, 1)) == repository.cells(query, Grid(1, 1))
    with observed.stream(query) as rooms:
        assert len(list(rooms)) == len(FIRST_ROOMS)
    observed.load([make_room(), FIRST_ROOMS[0]])
    observed.load([make_room(code="b2")], OnConflict.REPLACE, True)
    assert observed.swap(FIRST_ROOMS[0], None)
    assert repository.count(query) == len(FIRST_ROOMS)
    found = figures(metrics.text().decode())
    assert found[key("rooms_loaded_total", outcome="added")] == 1
    assert found[key("rooms_loaded_total", outcome="unchanged")] == 1
    assert found[key("storage_operation_seconds_count", operation="load")] == 2
    assert found[key("storage_operation_seconds_count", operation="swap")] == 1


def test_the_storage_the_rooms_the_pool_and_the_backup_are_looked_up() -> None:
    repository = MemRepo(FIRST_ROOMS)
    taken = datetime.now(UTC) - timedelta(hours=1)
    sources = Sources(
        repository=repository,
        storage="sqlite",
        pool=lambda: PoolState(size=3, in_use=2, waiting=1, limit=4),
        newest_backup=lambda: taken,
    )
    found = scraped(testing.TestClient(create_app(repository, metrics=Metrics(sources))))

    assert found[key("storage_up")] == 1
    assert found[key("rooms")] == len(FIRST_ROOMS)
    assert [3, 2, 1, 4] == [
        found[key(f"pool_{name}")]
        for name in ("connections", "connections_in_use", "requests_waiting", "connections_limit")
    ]
    assert 3600 <= found[key("backup_age_seconds")] < 3700


def test_an_unreachable_storage_is_shown_and_its_metrics_left_out() -> None:
    found = scraped(client_of(AwayRepo(FIRST_ROOMS)))

    assert found[key("storage_up")] == 0
    assert key("rooms") not in found
    assert key("backup_age_seconds") not in found


def test_a_silent_storage_does_not_delay_a_scrape() -> None:
    repository = SilentRepo()
    client = client_of(repository)
    with ThreadPoolExecutor() as pool:
        try:
            found = pool.submit(scraped, client).result(timeout=30)  # otherwise it would take a minute
        finally:
            repository.answer.set()

    assert found[key("storage_up")] == 0


def test_the_storage_is_not_queried_at_every_scrape() -> None:
    class CountingRepo(MemRepo):
        pings = 0

        def ping(self) -> None:
            self.pings += 1

    repository = CountingRepo(FIRST_ROOMS)
    client = client_of(repository)
    for _ in range(3):
        scraped(client)

    assert repository.pings == 1


COUNTING = """
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.web.telemetry.metrics import Metrics, Sources

metrics = Metrics(Sources(repository=MemRepo()))
metrics.entered()
metrics.answered("GET", "/", 200, 0.1)
print(metrics.text().decode())
"""
"""A process that counts a request, prints all metrics, and ends while the request is in flight."""


def test_a_process_continues_the_counts_of_an_ended_one(tmp_path: Path) -> None:
    told, files = [], []
    for _ in range(3):
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", COUNTING], env=environment, capture_output=True, timeout=60, check=True
        )
        told.append(figures(done.stdout.decode()))
        files.append(len(list(tmp_path.iterdir())))

    requests = key("http_requests_total", method="GET", route="/", status="200")
    seconds = key("http_request_duration_seconds_count", route="/")
    assert [(1, 1), (2, 2), (3, 3)] == [(found[requests], found[seconds]) for found in told]
    assert [(1, 1)] * 3 == [(found[key("http_requests_in_flight")], found[key("workers")]) for found in told]
    assert files == files[:1] * 3


def test_concurrent_processes_have_different_numbers(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from rentomatic.web.telemetry.processes import take_number; "
        "print(take_number(pathlib.Path(sys.argv[1])), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def number(process: "subprocess.Popen[str]") -> int:
        assert process.stdout
        return int(process.stdout.readline())

    with start() as first:
        numbers = [number(first)]
        with start() as second:
            numbers.append(number(second))
            first.kill()
            first.wait(60)
            with start() as third:
                numbers.append(number(third))
                third.kill()
            second.kill()

    assert [0, 1, 0] == numbers


def test_only_files_of_the_page_are_served(client: testing.TestClient) -> None:
    statuses = {
        method: client.simulate_request(method, "/static/rentomatic.css").status_code
        for method in ("GET", "POST", "PUT", "DELETE")
    }

    assert {"GET": 200, "POST": 405, "PUT": 405, "DELETE": 405} == statuses
