"""Several PostgreSQL servers, and one that disappears, freezes or cuts a connection."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rentomatic.bootstrap import migrate, open_repository
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backend import Limits
from rentomatic.repository.postgres.migrate import upgrade as upgrade_postgres
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.postgres.session import Session
from rentomatic.sample_rooms import sample_rooms
from rentomatic.settings import Settings, read_settings
from rentomatic.use_cases.errors import RepositoryUnavailable, StorageBusy
from tests.bare import bare
from tests.builders import make_room
from tests.postgres_server import PostgresServer, running
from tests.servers import free_port

LIMIT = 30.0
OWN = "application_name = 'rentomatic'"


@pytest.fixture(scope="module")
def one_room() -> Path:
    """The data of a server with one room."""
    with running() as server:
        upgrade_postgres(server.conninfo)
        with repository(server) as opened:
            opened.load([make_room()])
    return server.data


@pytest.fixture
def server(one_room: Path) -> Iterator[PostgresServer]:
    """A server with one room."""
    with running("shared_buffers=16MB", data=one_room) as server:
        yield server


def repository(server: PostgresServer, **limits: Any) -> closing[PostgresRepo]:
    return closing(PostgresRepo(server.conninfo, POSTGRES_REVISION, Limits(**limits)))


def answer(server: PostgresServer, statement: str) -> Any:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def connections(server: PostgresServer) -> int:
    return int(answer(server, f"SELECT count(*) FROM pg_stat_activity WHERE {OWN}"))


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def settings_of(*ports: int, attributes: str = "any") -> Settings:
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs={attributes}"
    return read_settings({"DATABASE_URL": url, "RENTOMATIC_POOL_TIMEOUT": "5"})


def test_the_reachable_one_of_several_hosts_is_used(server: PostgresServer) -> None:
    settings = settings_of(free_port(), server.port)

    assert migrate(settings.database) == (POSTGRES_REVISION, POSTGRES_REVISION)
    with closing(open_repository(settings)) as opened:
        opened.ping()
        assert opened.load([make_room(price=1)]).replaced == 1
        assert make_room(price=1) == opened.get("a1")


def test_reads_use_a_standby_and_continue_when_it_is_stopped(server: PostgresServer) -> None:
    with running("shared_buffers=16MB", primary=server) as standby:
        settings = settings_of(server.port, standby.port, attributes="prefer-standby")
        with closing(open_repository(settings)) as opened:
            assert (make_room(),) == opened.search(RoomQuery()).rooms
            assert (0, 1) == (connections(server), connections(standby))
            with pytest.raises(RepositoryUnavailable, match="The storage is read-only"):
                opened.load([make_room(code="new")])

            with repository(server) as primary:
                primary.load([make_room(price=1)])
            wait_for(lambda: opened.get("a1") == make_room(price=1))
            with opened.stream(RoomQuery()) as rooms:
                assert [make_room(price=1)] == list(rooms)

            standby.stop()
            assert (make_room(price=1),) == opened.search(RoomQuery()).rooms
            opened.ping()
            assert connections(server) >= 1


def test_a_schema_is_migrated_on_the_primary_and_not_on_the_standby() -> None:
    with running() as primary, running(primary=primary) as standby:
        settings = settings_of(standby.port, primary.port, attributes="prefer-standby")

        assert migrate(settings.database) == (None, POSTGRES_REVISION)
        with closing(open_repository(settings)) as opened:
            wait_for(lambda: answers(opened.ping))
            assert opened.search(RoomQuery()).rooms == ()


def answers(act: Callable[[], object]) -> bool:
    try:
        act()
    except RepositoryUnavailable:
        return False
    return True


def list_of(opened: PostgresRepo) -> list[object]:
    with opened.stream(RoomQuery()) as rooms:
        return list(rooms)


USES: dict[str, Callable[[PostgresRepo], object]] = {
    "get": lambda opened: opened.get("a1"),
    "search": lambda opened: opened.search(RoomQuery()),
    "ping": lambda opened: opened.ping(),
    "export": list_of,
    "load": lambda opened: opened.load([make_room()]).unchanged,
    "swap": lambda opened: opened.swap(make_room(), make_room()),
}


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.crash], ids=["stopped", "killed"])
@pytest.mark.parametrize("prepare", [True, False])
def test_a_restart_of_the_server_between_two_searches_goes_unnoticed(
    server: PostgresServer, end: Callable[[PostgresServer], None], prepare: bool
) -> None:
    with repository(server, prepared_statements=prepare) as opened:
        before = opened.search(RoomQuery())
        end(server)
        server.start()

        assert before == opened.search(RoomQuery())


@pytest.mark.parametrize("name", USES)
def test_a_connection_lost_between_two_uses_goes_unnoticed(server: PostgresServer, name: str) -> None:
    with repository(server) as opened:
        before = USES[name](opened)
        cut_off(server)

        assert before == USES[name](opened)


def cut_off(server: PostgresServer) -> None:
    """End the sessions of the repository, and return when they are gone."""
    answer(server, f"SELECT count(pg_terminate_backend(pid, 30000)) FROM pg_stat_activity WHERE {OWN}")


def test_a_connection_lost_during_a_load_changes_nothing(server: PostgresServer) -> None:
    def rooms() -> Iterator[Any]:
        yield from sample_rooms(1000)
        cut_off(server)
        yield from bare(sample_rooms(100_000))

    with repository(server) as opened:
        with pytest.raises(RepositoryUnavailable, match=r"^The storage cannot be reached\.$"):
            opened.load(rooms())

        assert (make_room(),) == opened.search(RoomQuery()).rooms
        assert opened.load(sample_rooms(10)).added == 10


def test_an_interrupted_export_is_an_error(server: PostgresServer) -> None:
    with repository(server) as opened:
        opened.load(bare(sample_rooms(20_000)))
        with pytest.raises(RepositoryUnavailable), opened.stream(RoomQuery()) as rooms:
            next(rooms)
            cut_off(server)
            list(rooms)

        assert opened.count(RoomQuery()) == 20_001


@pytest.mark.parametrize("used", [True, False], ids=["used before", "new"])
def test_a_silent_server_is_given_up_in_time(server: PostgresServer, used: bool) -> None:
    outcomes: list[str] = []
    limits = {"statement_timeout": 0.5, "connect_timeout": 2.0, "pool_timeout": 1.0}

    with repository(server, **limits) as opened:
        if used:
            opened.search(RoomQuery())
        search = threading.Thread(target=lambda: outcomes.append(outcome_of(opened)))
        server.send(signal.SIGSTOP)
        try:
            search.start()
            search.join(LIMIT)
            given_up = not search.is_alive()
        finally:
            server.send(signal.SIGCONT)
            search.join(LIMIT)

        assert given_up
        assert ["refused"] == outcomes
        wait_for(lambda: outcome_of(opened) == "answered")


def test_a_write_to_a_silent_server_is_given_up_once_whatever_the_pool(
    server: PostgresServer,
) -> None:
    together = threading.Barrier(4)

    def use(session: Session) -> None:
        session.execute("SELECT 1")
        together.wait(LIMIT)

    with repository(server, pool_size=4, statement_timeout=LIMIT) as opened:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: opened._connections.read(use), range(4)))
        server.send(signal.SIGSTOP)
        try:
            begin = time.monotonic()
            with pytest.raises(StorageBusy):
                opened.swap(make_room(), make_room(price=1))
            took = time.monotonic() - begin
        finally:
            server.send(signal.SIGCONT)

        assert took < 8
        assert opened.swap(make_room(), make_room(price=2))


def outcome_of(opened: PostgresRepo) -> str:
    try:
        opened.search(RoomQuery())
    except RepositoryUnavailable:
        return "refused"
    return "answered"


def test_a_server_without_free_connections_is_an_error_until_it_has_one() -> None:
    with running("max_connections=5", "superuser_reserved_connections=1") as server:
        upgrade_postgres(server.conninfo)
        with repository(server, pool_timeout=1) as opened:
            taken = [psycopg.connect(server.conninfo) for _ in range(5)]
            with pytest.raises(RepositoryUnavailable):
                opened.ping()
            for connection in taken:
                connection.close()

            wait_for(lambda: answers(opened.ping))


def test_no_connection_is_open_before_the_first_use_or_after_closing(server: PostgresServer) -> None:
    wait_for(lambda: connections(server) == 0)  # those of the previous test take a moment to end
    with closing(PostgresRepo(make_conninfo(server.conninfo), POSTGRES_REVISION)) as opened:
        before = connections(server)
        opened.search(RoomQuery())
        during = connections(server)

    wait_for(lambda: connections(server) == 0)
    assert (before, during) == (0, 1)
