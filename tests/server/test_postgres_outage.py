"""The application during an outage of PostgreSQL under load."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import psycopg
import pytest

from rentomatic.repository.postgres.migrate import upgrade as upgrade_postgres
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.sample_rooms import sample_rooms
from tests.metrics import figures, key
from tests.postgres_server import PostgresServer, running
from tests.servers import Answer, Server, rentomatic

SEARCHES = (
    "/rooms?filter_price__lt=60&sort=price&limit=20",
    "/rooms?bbox=-0.2,51.4,0,51.6&limit=20",
    "/rooms?near=51.512,-0.123&limit=20",
    "/rooms/f853578c-fc0f-4e65-81b8-566c5dffa35a",
)
WORKERS, POOL_SIZE = 2, 3
PATIENCE = 3 + 5 + 10 + 2
"""Seconds for a pool connection, reaching the server and a statement, and a few more."""

LIMIT = 60.0
BACK_WITHIN = 5.0


@dataclass
class Load:
    """Clients that search until stopped, and the results."""

    server: Server
    answers: list[tuple[float, Answer]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def search(self, first: int) -> None:
        targets = cycle(SEARCHES[first:] + SEARCHES[:first])
        while not self.over.is_set():
            asked = time.monotonic()
            try:
                self.answers.append((asked, self.server.get(next(targets), timeout=PATIENCE)))
            except OSError as error:
                self.failures.append(repr(error))
            self.over.wait(0.05)

    def since(self, moment: float, status: int) -> int:
        """Return how many searches begun since then have this status."""
        return sum(asked >= moment and answer.status == status for asked, answer in list(self.answers))


@dataclass
class Connections:
    """The most connections of the application seen at once."""

    conninfo: str
    over: threading.Event
    most: int = 0

    def watch(self) -> None:
        statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rentomatic'"
        while not self.over.is_set():
            try:
                with closing(psycopg.connect(self.conninfo, autocommit=True)) as connection:
                    while not self.over.wait(0.02):
                        row = connection.execute(statement).fetchone()
                        self.most = max(self.most, row[0] if row else 0)
            except psycopg.OperationalError:
                self.over.wait(0.1)


@pytest.fixture(scope="module")
def rooms() -> Path:
    """The data of a server with sample rooms."""
    with running() as server:
        upgrade_postgres(server.conninfo)
        with closing(PostgresRepo(server.conninfo, POSTGRES_REVISION)) as repository:
            repository.load(sample_rooms(5000))
    return server.data


@pytest.fixture
def database(rooms: Path) -> Iterator[PostgresServer]:
    """A server with sample rooms."""
    with running("shared_buffers=32MB", data=rooms) as server:
        yield server


@pytest.fixture
def application(database: PostgresServer, tmp_path: Path) -> Iterator[Server]:
    url = f"postgresql://postgres:hunter2@127.0.0.1:{database.port}/postgres"
    with rentomatic(
        url,
        tmp_path / "log",
        *("--workers", str(WORKERS)),
        RENTOMATIC_POOL_SIZE=str(POOL_SIZE),
        RENTOMATIC_THREADS="8",
    ) as server:
        yield server


@contextmanager
def under_load(server: Server, database: PostgresServer) -> Iterator[tuple[Load, Connections]]:
    load = Load(server)
    connections = Connections(database.conninfo, load.over)
    tasks = [lambda first=first: load.search(first) for first in range(len(SEARCHES))]
    threads = [threading.Thread(target=task) for task in (*tasks, connections.watch)]
    with ExitStack() as stack:
        for thread in threads:
            thread.start()
            stack.callback(thread.join, LIMIT)
        stack.callback(load.over.set)
        yield load, connections


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.crash], ids=["stopped", "killed"])
def test_an_outage_of_the_database_under_load_gives_503_until_it_returns(
    database: PostgresServer, application: Server, end: Callable[[PostgresServer], None]
) -> None:
    with under_load(application, database) as (load, connections):
        wait_for(lambda: load.since(0, 200) > 50)
        end(database)
        away = time.monotonic()
        health = []
        while time.monotonic() < away + 4:  # the duration of the outage
            health.append([application.get(f"/health/{name}", PATIENCE).status for name in ("live", "ready")])
            load.over.wait(0.1)
        wait_for(lambda: load.since(away, 503) > 10)
        found = load.since(away, 200)
        database.start()
        back = time.monotonic()
        wait_for(lambda: load.since(back + BACK_WITHIN, 200) > 50)

    assert load.failures == []
    assert {200, 503} == {answer.status for _, answer in load.answers}
    assert found == 0
    assert load.since(back + BACK_WITHIN, 503) == 0
    assert health == [[200, 503]] * len(health)
    assert application.get("/health/ready").status == 200
    assert 0 < connections.most <= WORKERS * POOL_SIZE
    for _, answer in load.answers:
        if answer.status == 503:
            assert (answer.headers["retry-after"], answer.headers["content-type"]) == (
                "1",
                "application/problem+json",
            )
            assert not any(word in answer.body for word in (b"127.0.0.1", b"hunter2", b"SELECT", b"FATAL"))
    assert "hunter2" not in application.log.read_text()


def test_metrics_show_the_pools_of_all_workers_and_an_outage(
    database: PostgresServer, application: Server
) -> None:
    def found(name: str) -> float | None:
        text = application.get("/metrics", PATIENCE).body.decode()
        return figures(text).get(key(name))

    with under_load(application, database) as (load, _):
        wait_for(lambda: load.since(0, 200) > 50)
        wait_for(lambda: found("pool_connections_limit") == WORKERS * POOL_SIZE)
        wait_for(lambda: 0 < (found("pool_connections") or 0) <= WORKERS * POOL_SIZE)
        wait_for(lambda: (found("storage_up"), found("rooms") is not None) == (1, True))
        database.stop()
        wait_for(lambda: (found("storage_up"), found("rooms")) == (0, None))
