"""PostgreSQL that is slow, busy, read-only or strict, and how the repository handles it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rentomatic.bootstrap import migrate, open_repository
from rentomatic.domain.clusters import Grid
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backend import Limits
from rentomatic.repository.postgres.backend import PostgresBackend
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import rows
from rentomatic.repository.sql import Sql
from rentomatic.sample_rooms import sample_rooms
from rentomatic.settings import Settings, read_settings
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, StorageBusy
from tests import postgres_server
from tests.builders import make_room
from tests.postgres_server import PostgresServer, running
from tests.repository.postgres_plans import running_statements

LIMIT = 30.0
SHORT = 1.0
"""Seconds: short for waits that fail, and long enough for a statement on a busy machine."""

PASSWORD = r"p@s/s#w%o:r'd\ 20%41 &?=[é]"

SEARCHES: dict[str, Callable[[PostgresRepo], object]] = {
    "get": lambda repository: repository.get("a1"),
    "search": lambda repository: repository.search(RoomQuery()),
    "count": lambda repository: repository.count(RoomQuery()),
    "summarise": lambda repository: repository.summarise(RoomQuery()),
}
WRITES: dict[str, Callable[[PostgresRepo], object]] = {
    "load": lambda repository: repository.load([make_room(code="new")]),
    "swap": lambda repository: repository.swap(make_room(), make_room(price=61)),
}


@pytest.fixture
def conninfo() -> Iterator[str]:
    """A database with one room."""
    with postgres_server.database() as conninfo:
        with repository(conninfo) as opened:
            opened.load([make_room()])
        yield conninfo


def repository(conninfo: str, **limits: Any) -> closing[PostgresRepo]:
    return closing(PostgresRepo(conninfo, POSTGRES_REVISION, Limits(**limits)))


@contextmanager
def locked(conninfo: str, mode: str) -> Iterator[None]:
    """Hold a lock on the rooms from another connection."""
    with psycopg.connect(conninfo) as other:
        other.execute(f"LOCK TABLE room IN {mode} MODE".encode())
        yield


def sessions(conninfo: str) -> list[int]:
    """Return the process ids of the repository's connections on the server."""
    statement = "SELECT pid FROM pg_stat_activity WHERE application_name = 'rentomatic'"
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(statement + " AND datname = current_database()").fetchall()
    return [row[0] for row in rows]


def refusal(conninfo: str, act: Callable[[], object]) -> str:
    """Return the message of the refusal, which must be safe to show."""
    with pytest.raises(RepositoryUnavailable) as refused:
        act()
    message = str(refused.value)
    given = conninfo_to_dict(conninfo)
    secrets = [str(given[part]) for part in ("host", "port", "password") if given.get(part)]
    words = [
        *secrets,
        f'"{given["user"]}"',
        "127.0.0.1",
        "FATAL",
        "SELECT",
        "INSERT",
        "DELETE",
        "LOCK",
        "room",
    ]
    assert [] == [word for word in words if word in message]
    assert refused.value.__cause__ is not None
    return message


@pytest.mark.parametrize(("name", "prepare"), [*((name, True) for name in SEARCHES), ("search", False)])
def test_a_statement_that_takes_too_long_is_cancelled_and_its_connection_reused(
    conninfo: str, name: str, prepare: bool
) -> None:
    with repository(conninfo, statement_timeout=SHORT, pool_size=1, prepared_statements=prepare) as opened:
        SEARCHES[name](opened)
        before = sessions(conninfo)
        with locked(conninfo, "ACCESS EXCLUSIVE"):
            message = refusal(conninfo, lambda: SEARCHES[name](opened))

        assert message == "The storage did not answer in time."
        assert make_room() == opened.get("a1")
        assert (1, before) == (len(before), sessions(conninfo))


IN_TIME: dict[str, Callable[[PostgresRepo, RoomQuery], object]] = {
    "count": lambda repository, query: repository.count(query, within=0.2),
    "count in no time": lambda repository, query: repository.count(query, within=0),
    "summarise": lambda repository, query: repository.summarise(query, within=0.2),
    "sample": lambda repository, query: repository.sample(query, within=0.2),
    "cells": lambda repository, query: repository.cells(query, Grid(1, 1), within=0.2),
}


@pytest.mark.parametrize("prepare", [True, False])
@pytest.mark.parametrize("name", IN_TIME)
def test_a_total_that_runs_out_of_time_is_cancelled_early_and_its_connection_reused(
    conninfo: str, name: str, prepare: bool
) -> None:
    with repository(conninfo, statement_timeout=LIMIT, pool_size=1, prepared_statements=prepare) as opened:
        assert opened.count(RoomQuery()) == 1
        before = sessions(conninfo)
        for areas in ((), (BoundingBox(-1, 51, 1, 52),)):
            begin = time.monotonic()
            with locked(conninfo, "ACCESS EXCLUSIVE"), pytest.raises(OutOfTime):
                IN_TIME[name](opened, RoomQuery(areas=areas))

            assert time.monotonic() - begin < LIMIT / 2
            assert opened.count(RoomQuery(areas=areas)) == 1
        assert (1, before) == (len(before), sessions(conninfo))


@pytest.mark.parametrize("name", IN_TIME)
def test_waiting_for_a_connection_counts_towards_the_time_of_a_total(conninfo: str, name: str) -> None:
    with repository(conninfo, pool_timeout=LIMIT, pool_size=1) as opened:
        assert opened.count(RoomQuery()) == 1
        with opened._connections.transaction(LIMIT):
            begin = time.monotonic()
            with pytest.raises(StorageBusy):
                IN_TIME[name](opened, RoomQuery())

            assert time.monotonic() - begin < LIMIT / 2
        assert opened.count(RoomQuery()) == 1


def test_search_that_waited_long_for_a_connection_says_that_the_storage_is_busy(conninfo: str) -> None:
    with repository(conninfo, statement_timeout=LIMIT, pool_size=1) as opened:
        holds = threading.Thread(target=lambda: opened._connections.read(partial(sleeping, seconds=1.0)))
        holds.start()
        while opened.pool_state().in_use == 0:
            time.sleep(0.01)
        with pytest.raises(StorageBusy):
            opened._connections.read(partial(sleeping, seconds=LIMIT), within=1.3)
        holds.join(LIMIT)


def sleeping(session: Session, seconds: float) -> None:
    rows(session, Sql(f"SELECT pg_sleep({seconds})"))


@pytest.mark.parametrize("one_statement", [True, False])
@pytest.mark.parametrize("prepare", [True, False])
def test_no_statement_continues_after_its_time(conninfo: str, prepare: bool, one_statement: bool) -> None:
    with repository(conninfo, statement_timeout=LIMIT, pool_size=1, prepared_statements=prepare) as opened:
        for seconds in (LIMIT, 0.15):

            def several(session: Session, seconds: float = seconds) -> None:
                for _ in range(10):
                    sleeping(session, seconds)

            with pytest.raises(OutOfTime) as raised:
                opened._connections.read(several, one_statement=one_statement, within=0.4)

            assert raised.type is OutOfTime
            assert [] == running_statements(conninfo)
            assert make_room() == opened.get("a1")


def test_the_statements_of_a_total_share_one_time_limit(conninfo: str) -> None:
    with repository(conninfo, statement_timeout=LIMIT, pool_size=1) as opened:

        def two_slow_statements(session: Session) -> None:
            for _ in range(2):
                rows(session, Sql("SELECT pg_sleep(0.6)"))

        begin = time.monotonic()
        with pytest.raises(OutOfTime):
            opened._connections.read(two_slow_statements, within=1.0)

        assert time.monotonic() - begin < LIMIT / 2
        assert make_room() == opened.get("a1")
        shown = opened._connections.read(lambda session: rows(session, Sql("SHOW statement_timeout")))
        assert [(f"{LIMIT:.0f}s",)] == shown


def test_a_swap_behind_a_load_is_given_up_after_a_second(conninfo: str) -> None:
    with repository(conninfo, statement_timeout=LIMIT) as opened:
        begin = time.monotonic()
        with locked(conninfo, "SHARE ROW EXCLUSIVE"):
            message = refusal(conninfo, lambda: opened.swap(make_room(), None))
        took = time.monotonic() - begin

        assert message == "The storage is busy with another write: try again."
        assert 0.5 < took < LIMIT / 3
        assert opened.swap(make_room(), None)


def test_an_export_and_a_removal_that_take_too_long_are_cancelled(conninfo: str) -> None:
    def export(opened: PostgresRepo) -> None:
        with opened.stream(RoomQuery()) as rooms:
            next(rooms)

    with repository(conninfo, statement_timeout=SHORT) as opened:
        with locked(conninfo, "ACCESS EXCLUSIVE"):
            messages = [
                refusal(conninfo, lambda: export(opened)),
                refusal(conninfo, lambda: opened.swap(make_room(), None)),
            ]

        assert ["The storage did not answer in time."] * 2 == messages
        assert make_room() == opened.get("a1")


@pytest.mark.parametrize("name", ["search", "load", "swap"])
def test_waiting_for_a_connection_in_vain_is_an_error(conninfo: str, name: str) -> None:
    act = {**SEARCHES, **WRITES}[name]
    with repository(conninfo, pool_size=1, pool_timeout=SHORT) as opened:
        with opened.stream(RoomQuery()) as rooms:
            begin = time.monotonic()
            message = refusal(conninfo, lambda: act(opened))
            waited = time.monotonic() - begin
            assert [make_room()] == list(rooms)

        assert message == "The storage cannot be reached, or all connections to it are in use."
        assert waited < LIMIT / 2
        act(opened)


def test_a_load_waits_for_another_for_a_limited_time_and_changes_nothing(conninfo: str) -> None:
    with repository(conninfo, load_wait=0.2) as opened:
        with locked(conninfo, "SHARE ROW EXCLUSIVE"):
            begin = time.monotonic()
            message = refusal(conninfo, lambda: opened.load([make_room(price=1), make_room(code="new")]))
            waited = time.monotonic() - begin
            assert (make_room(), None) == (opened.get("a1"), opened.get("new"))

        assert message == "The storage is busy with another write: try again."
        assert 0.2 <= waited < 5  # the longest wait without such a limit
        assert opened.load([make_room(price=1)]).replaced == 1


def test_a_load_succeeds_once_another_ends_in_time(conninfo: str) -> None:
    done = []
    with repository(conninfo) as opened:
        load = threading.Thread(target=lambda: done.append(opened.load([make_room(price=1)])))
        with psycopg.connect(conninfo) as other:
            other.execute("LOCK TABLE room IN SHARE ROW EXCLUSIVE MODE")
            load.start()
            waits_for_a_lock(conninfo)
            other.execute("UPDATE room SET price = 2")
        load.join(LIMIT)

        assert [1] == [counts.replaced for counts in done]
        assert make_room(price=1) == opened.get("a1")


def waits_for_a_lock(conninfo: str) -> None:
    """Return when a session waits for a lock on the rooms."""
    end = time.monotonic() + LIMIT
    with psycopg.connect(conninfo, autocommit=True) as connection:
        statement = "SELECT count(*) FROM pg_locks WHERE relation = 'room'::regclass AND NOT granted"
        while connection.execute(statement).fetchone() != (1,):
            assert time.monotonic() < end
            time.sleep(0.01)


@pytest.mark.parametrize("name", WRITES)
def test_a_read_only_storage_can_be_read_and_refuses_writes(conninfo: str, name: str) -> None:
    database = conninfo_to_dict(conninfo)["dbname"]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on'.encode())
    with repository(conninfo) as opened:
        assert refusal(conninfo, lambda: WRITES[name](opened)) == ("The storage is read-only.")
        assert (make_room(),) == opened.search(RoomQuery()).rooms


def test_a_user_without_the_right_to_write_is_refused(conninfo: str) -> None:
    reader = f"rentomatic_test_{uuid4().hex}"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {reader} LOGIN".encode())
        connection.execute(f"GRANT SELECT ON room, alembic_version TO {reader}".encode())
        try:
            with repository(make_conninfo(conninfo, user=reader)) as opened:
                messages = [refusal(conninfo, partial(act, opened)) for act in WRITES.values()]
                assert (make_room(),) == opened.search(RoomQuery()).rooms
        finally:
            connection.execute(f"DROP OWNED BY {reader}".encode())
            connection.execute(f"DROP ROLE {reader}".encode())

    assert ["The database user lacks the permission for this."] * 2 == messages


def test_no_statement_is_prepared_behind_a_pooler(conninfo: str) -> None:
    found = []
    for prepare in (True, False):
        with repository(conninfo, pool_size=1, prepared_statements=prepare) as opened:
            opened.load(sample_rooms(100))
            for act in SEARCHES.values():
                act(opened)
            for _ in range(10):
                act(opened)
            found.append(opened._connections.read(prepared_statements))

    with_a_plan, behind_a_pooler = found
    assert with_a_plan > 0
    assert behind_a_pooler == 0


def prepared_statements(session: psycopg.Connection[Any]) -> int:
    row = session.execute("SELECT count(*) FROM pg_prepared_statements", prepare=False).fetchone()
    return int(row[0]) if row else 0


def test_a_transaction_pooler_is_supported(conninfo: str) -> None:
    def forget(session: psycopg.Connection[Any]) -> None:
        # Like PgBouncer, unnoticed by the driver.
        session.pgconn.exec_(b"DEALLOCATE ALL")
        session.pgconn.exec_(b"RESET ALL")

    with repository(conninfo, pool_size=1, prepared_statements=False, statement_timeout=SHORT) as opened:
        for _ in range(3):
            for act in SEARCHES.values():
                act(opened)
                with opened._connections._pool().connection() as session:
                    forget(session)
        opened.load([make_room(price=7)])
        with locked(conninfo, "ACCESS EXCLUSIVE"):
            message = refusal(conninfo, lambda: opened.get("a1"))

        assert message == "The storage did not answer in time."
        assert make_room(price=7) == opened.get("a1")


@pytest.fixture(scope="module")
def strict_server() -> Iterator[PostgresServer]:
    """A server with passwords, with the schema and a room in the database `application`."""
    with running("shared_buffers=16MB", password=PASSWORD) as server:
        settings = settings_of_parts(server, PASSWORD)
        assert isinstance(settings.database, PostgresBackend)
        settings.database.create()
        migrate(settings.database)
        with closing(open_repository(settings)) as opened:
            opened.load([make_room()])
        yield server


def settings_of_parts(server: PostgresServer, password: str) -> Settings:
    return read_settings(
        {
            "POSTGRES_HOSTNAME": "127.0.0.1",
            "POSTGRES_PORT": str(server.port),
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD": password,
        }
    )


def settings_of_url(server: PostgresServer, password: str) -> Settings:
    login = f"postgres:{quote(password, safe='')}"
    return read_settings({"DATABASE_URL": f"postgresql://{login}@127.0.0.1:{server.port}/application"})


@pytest.mark.parametrize("settings", [settings_of_parts, settings_of_url])
def test_a_password_may_have_any_characters_and_a_wrong_one_is_refused(
    strict_server: PostgresServer, settings: Callable[[PostgresServer, str], Settings]
) -> None:
    def found(password: str) -> Room | None:
        with closing(open_repository(settings(strict_server, password))) as opened:
            return opened.get("a1")

    message = refusal(strict_server.conninfo, lambda: found("wrong" + PASSWORD))

    assert message == "The storage rejected the user or the password."
    assert make_room() == found(PASSWORD)


@pytest.mark.parametrize("password", ["wrong" + PASSWORD, ""])
def test_a_migration_with_a_wrong_password_says_so_without_repeating_it(
    strict_server: PostgresServer, password: str
) -> None:
    database = settings_of_parts(strict_server, password).database
    assert isinstance(database, PostgresBackend)

    for act in (database.migrate, database.create):
        with pytest.raises(RepositoryUnavailable, match="password") as refused:
            act()
        assert PASSWORD not in str(refused.value)
