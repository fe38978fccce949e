"""PostgreSQL that is unreachable: requests fail at once, and one thread retries until it returns."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rentomatic.bootstrap import migrate
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres.backend import PostgresBackend
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.use_cases.errors import RepositoryUnavailable
from tests.builders import make_room
from tests.postgres_server import PostgresServer, running
from tests.repository.test_postgres_servers import (
    LIMIT,
    USES,
    answers,
    list_of,
    one_room,
    repository,
    server,
    settings_of,
    wait_for,
)

__all__ = ["one_room", "server"]  # fixtures

AT_ONCE = 10.0
"""Seconds for twenty uses of a server known to be unreachable, each of which would otherwise take three."""


class Door:
    """A port that accepts no connections and counts attempts."""

    def __init__(self, port: int) -> None:
        self.knocks = 0
        self._listener = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._turn_away)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT)
        self._listener.close()

    def _turn_away(self) -> None:
        while True:
            try:
                self._listener.accept()[0].close()
            except OSError:
                return
            self.knocks += 1


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    server.send(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send(signal.SIGCONT)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(RepositoryUnavailable) as refused:
        act()
    return str(refused.value)


def refusals_at_once(opened: PostgresRepo) -> set[str]:
    """Return the messages of twenty uses of all kinds, which together take no time."""
    begin = time.monotonic()
    refused = []
    for use in (*USES.values(),) * 4:
        with pytest.raises(RepositoryUnavailable) as error:
            use(opened)
        refused.append(error.value)

    assert time.monotonic() - begin < AT_ONCE
    assert None not in [error.__cause__ for error in refused]
    return {str(error) for error in refused}


def search(opened: PostgresRepo) -> object:
    return opened.search(RoomQuery()).rooms


def watchers() -> int:
    return sum(thread.name == "availability" for thread in threading.enumerate())


def test_every_use_fails_at_once_while_the_server_is_unreachable_and_works_when_it_returns(
    server: PostgresServer,
) -> None:
    with repository(server) as opened:
        for _ in range(2):
            assert (make_room(),) == search(opened)
            server.stop()
            first = refusal(lambda: search(opened))

            assert {"The storage cannot be reached."} == {first, *refusals_at_once(opened)}
            assert opened.pool_state().size == 0
            server.start()
            wait_for(lambda: answers(lambda: search(opened)))
            for use in USES.values():
                use(opened)
    assert watchers() == 0


def test_a_server_that_was_never_reachable_is_retried(server: PostgresServer) -> None:
    server.stop()
    with repository(server) as opened:
        first = refusal(lambda: search(opened))

        assert {"The storage cannot be reached."} == {first, *refusals_at_once(opened)}
        server.start()
        wait_for(lambda: answers(lambda: search(opened)))


def test_a_frozen_server_is_unreachable_once_a_connection_check_timed_out(server: PostgresServer) -> None:
    with repository(server, connect_timeout=2) as opened:
        for _ in range(2):
            assert (make_room(),) == search(opened)
            with frozen(server):
                refusal(opened.ping)
                wait_for(lambda: refusal(opened.ping) == "The storage cannot be reached.")

                assert {"The storage cannot be reached."} == refusals_at_once(opened)
            wait_for(lambda: answers(lambda: search(opened)))


def test_requests_do_not_connect_while_the_server_is_unreachable(server: PostgresServer) -> None:
    with repository(server) as opened:
        search(opened)
        server.stop()
        with closing(Door(server.port)) as door:
            refusal(lambda: search(opened))
            wait_for(lambda: opened.pool_state().size == 0)
            before = door.knocks
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(lambda _: refusal(lambda: search(opened)), range(500)))
            meanwhile = door.knocks - before
            wait_for(lambda: door.knocks >= before + 3)
            watching = watchers()
        server.start()

        assert meanwhile < 10
        assert watching == 1
        wait_for(lambda: answers(lambda: search(opened)))


def test_all_waiters_for_a_connection_fail_together_when_the_server_goes_away(
    server: PostgresServer,
) -> None:
    with repository(server, pool_size=1, pool_timeout=LIMIT) as opened, ExitStack() as left:
        export = left.enter_context(opened.stream(RoomQuery()))
        with ThreadPoolExecutor(10) as threads:
            waiting = [threads.submit(refusal, lambda: search(opened)) for _ in range(10)]
            wait_for(lambda: opened.pool_state().waiting == 10)
            begin = time.monotonic()
            server.stop()
            with pytest.raises(RepositoryUnavailable):
                left.close()
            messages = {future.result(LIMIT) for future in waiting}

        assert {"The storage cannot be reached."} == messages
        assert time.monotonic() - begin < LIMIT / 2
        del export
        server.start()
        wait_for(lambda: answers(lambda: search(opened)))


def test_an_exhausted_pool_does_not_mean_an_unreachable_server(server: PostgresServer) -> None:
    with repository(server, pool_size=1, pool_timeout=0.1) as opened:
        with opened.stream(RoomQuery()) as rooms:
            for _ in range(3):
                assert "all connections to it are in use" in refusal(lambda: search(opened))

            assert [make_room()] == list(rooms)
        assert (make_room(),) == search(opened)


def test_a_changed_password_does_not_close_working_connections() -> None:
    with running("shared_buffers=16MB", password="before") as server:
        database = settings_of(server.port).database
        assert isinstance(database, PostgresBackend)
        migrate(replace(database, conninfo=server.conninfo))
        with repository(server, pool_size=2, pool_timeout=0.5) as opened:
            opened.load([make_room()])
            with psycopg.connect(server.conninfo, autocommit=True) as connection:
                connection.execute("ALTER ROLE postgres PASSWORD 'after'")
            with opened.stream(RoomQuery()) as rooms:
                refusal(lambda: search(opened))  # needs a second connection

                assert [make_room()] == list(rooms)
            assert [make_room()] == list_of(opened)
        server.password = "after"


def test_a_database_that_is_created_later_is_found(server: PostgresServer) -> None:
    later = make_conninfo(server.conninfo, dbname="later")
    database = settings_of(server.port).database
    assert isinstance(database, PostgresBackend)
    with closing(PostgresRepo(later, POSTGRES_REVISION)) as opened:
        missing = {refusal(lambda: search(opened)), *refusals_at_once(opened)}
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            connection.execute("CREATE DATABASE later")
        wait_for(lambda: "rentomatic migrate" in refusal(lambda: search(opened)))
        migrate(replace(database, conninfo=later))

        assert {"The database of the storage does not exist: run `rentomatic init-postgres`."} == missing
        assert search(opened) == ()  # at once: a server that lacks the schema is reachable
