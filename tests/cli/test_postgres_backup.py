"""Backups of PostgreSQL: scratch databases, and processes that are killed midway."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rentomatic.repository.postgres.migrate import scratch_database
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import backup
from tests import postgres_server
from tests.bare import bare
from tests.cli.conftest import CommandLine, url_of
from tests.cli.test_postgres_import import COPYING, LEFT, LIMIT, ROOMS, wait_for, watching

COMMAND = [sys.executable, "-m", "rentomatic"]

WAITING = """
    SELECT wait_event_type = 'Lock' FROM pg_stat_activity
    WHERE application_name = 'rentomatic' AND datname = current_database()
"""
WRITING = """
    SELECT query LIKE '%INSERT INTO room%' AND state = 'active' FROM pg_stat_activity
    WHERE application_name = 'rentomatic' AND datname = current_database()
"""
SCRATCH = "SELECT datname FROM pg_database WHERE datname LIKE 'rentomatic_scratch_%'"


MANY = 40_000
"""Enough rooms that loading them takes tenths of a second: a test that polls can act in the middle of it."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup."""
    return backup_of(ROOMS, tmp_path_factory)


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of many rooms."""
    return backup_of(MANY, tmp_path_factory)


def backup_of(number: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backup") / "rooms.gz"
    rooms = sorted(bare(sample_rooms(number)), key=lambda room: room.code)
    with path.open("wb") as opened:
        backup.write(opened, rooms, taken="", storage="", schema=None, version="")
    return path


@pytest.fixture
def conninfo() -> Iterator[str]:
    """A database with a thousand rooms of the backup at higher prices, and a thousand others."""
    with postgres_server.database() as conninfo, watching(conninfo) as connection:
        with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as repository:
            repository.load(bare(sample_rooms(2000)))
        connection.execute("UPDATE room SET price = price + 1")
        connection.execute("UPDATE room SET code = 'own-' || id WHERE id > 1000")
        yield conninfo


def own_url(conninfo: str) -> str:
    return url_of(conninfo, str(conninfo_to_dict(conninfo)["dbname"]))


def start(conninfo: str, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DATABASE_URL": own_url(conninfo)}
    return subprocess.Popen(
        [*COMMAND, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def while_copying(conninfo: str, running: subprocess.Popen[bytes]) -> None:
    with watching(conninfo) as connection:
        wait_for(connection, COPYING, (True,))
        running.kill()


def while_writing(conninfo: str, running: subprocess.Popen[bytes]) -> None:
    """A room that is to be changed is held by somebody else."""
    with psycopg.connect(conninfo) as holding:
        holding.execute("SELECT FROM room WHERE id = 500 FOR UPDATE")
        with watching(conninfo) as connection:
            wait_for(connection, WRITING, (True,))
            running.kill()
            running.wait(LIMIT)


def while_waiting_to_remove(conninfo: str, running: subprocess.Popen[bytes]) -> None:
    """Everything is written, but a room that is to be removed is locked by another transaction."""
    with psycopg.connect(conninfo) as holding:
        holding.execute("SELECT FROM room WHERE code = 'own-1500' FOR UPDATE")
        with watching(conninfo) as connection:
            wait_for(connection, WAITING, (True,))
            running.kill()
            running.wait()


@pytest.mark.parametrize("kill", [while_copying, while_writing, while_waiting_to_remove])
def test_a_killed_restore_changes_nothing_and_leaves_nothing_behind(
    conninfo: str, file: Path, large_file: Path, kill: Callable[[str, subprocess.Popen[bytes]], None]
) -> None:
    first = large_file if kill is while_copying else file
    everything = "SELECT * FROM room ORDER BY id"
    with watching(conninfo) as connection:
        before = connection.execute(everything).fetchall()

        with start(conninfo, "restore", "--yes", str(first)) as running:
            kill(conninfo, running)
        wait_for(connection, LEFT, (0, 0, 0))

        assert running.returncode == -9
        assert before == connection.execute(everything).fetchall()
        with start(conninfo, "restore", "--yes", str(file)) as second:
            assert second.wait(LIMIT) == 0
        assert (ROOMS,) == connection.execute("SELECT count(*) FROM room").fetchone()


def test_unchanged_rooms_are_not_rewritten(
    conninfo: str, rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", own_url(conninfo))
    rows = "SELECT ctid, xmin, * FROM room ORDER BY id"
    with watching(conninfo) as connection:
        rentomatic("backup")
        before = connection.execute(rows).fetchall()
        connection.execute("INSERT INTO room VALUES (DEFAULT, 'new', 1, 1, 1, 1)")

        done = rentomatic("restore", "--yes", "latest")

        assert "0 added, 0 replaced, 2,000 unchanged, 1 removed." in done.out
        assert before == connection.execute(rows).fetchall()


def scratch_databases(conninfo: str) -> set[str]:
    with watching(conninfo) as connection:
        return {row[0] for row in connection.execute(SCRATCH).fetchall()}


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_verification_drops_its_database(
    conninfo: str, large_file: Path, sign: signal.Signals
) -> None:
    before = scratch_databases(conninfo)

    with start(conninfo, "restore", "--verify", str(large_file)) as running, watching(conninfo) as connection:
        while not (made := scratch_databases(conninfo) - before):
            assert running.poll() is None
        wait_for(connection, COPYING.replace("current_database()", f"'{made.pop()}'"), (True,))
        running.send_signal(sign)
        code = running.wait(LIMIT)

    assert code == 130
    assert scratch_databases(conninfo) <= before


USES_SCRATCH = """
import sys, time
from rentomatic.repository.postgres.migrate import scratch_database
with scratch_database(sys.argv[1]) as name:
    print(name, flush=True)
    time.sleep(600)
"""


@contextmanager
def process_with_scratch_database(conninfo: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", USES_SCRATCH, conninfo]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
            process.wait(LIMIT)


def test_only_the_database_of_a_killed_process_is_dropped_by_the_next(
    conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rentomatic.repository.postgres.migrate._UNTIL_HELD", timedelta())
    used = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = '{}'"
    with (
        process_with_scratch_database(conninfo) as (_, held),
        process_with_scratch_database(conninfo) as (killed, left),
        watching(conninfo) as connection,
    ):
        killed.send_signal(signal.SIGKILL)
        killed.wait(LIMIT)
        wait_for(connection, used.format(left), (False,))
        before = scratch_databases(conninfo)
        with scratch_database(conninfo) as own:
            during = scratch_databases(conninfo)
        after = scratch_databases(conninfo)
    postgres_server.drop(held)

    assert {held, left} <= before
    assert {held, own} <= during
    assert left not in during
    assert (True, False) == (held in after, own in after)


def test_an_unused_database_is_dropped_only_if_it_has_a_scratch_name(
    conninfo: str, rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", own_url(conninfo))
    old, similar = (
        f"rentomatic_scratch_20200101t000000_{uuid4().hex[:8]}",
        f"rentomatic_scratch_{uuid4().hex}",
    )
    with watching(conninfo) as connection:
        for name in (old, similar):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        done = rentomatic("backup", "--verify")

        assert (done.code, done.err) == (0, "")
        assert {similar} == scratch_databases(conninfo) & {old, similar}
    finally:
        postgres_server.drop(similar)


@pytest.fixture
def poor(conninfo: str) -> Iterator[str]:
    """The same database for a user who may write rooms, but not create databases."""
    name, database = f"rentomatic_test_{uuid4().hex}", str(conninfo_to_dict(conninfo)["dbname"])
    with watching(conninfo) as connection:
        user, schema = sql.Identifier(name), sql.SQL("IN SCHEMA public TO ")
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'hunter2'").format(user))
        connection.execute(sql.SQL("GRANT ALL ON ALL TABLES {}{}").format(schema, user))
        yield url_of(make_conninfo(conninfo, user=name, password="hunter2"), database)
        connection.execute(sql.SQL("DROP OWNED BY {}").format(user))
        connection.execute(sql.SQL("DROP ROLE {}").format(user))


def test_a_backup_is_kept_if_the_user_lacks_the_right_to_verify_it(
    poor: str, rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", poor)

    done = rentomatic("backup", "--verify", "--keep", "1")

    assert done.code == 4
    assert "cannot be created: permission denied to create database" in done.err
    assert "hunter2" not in done.err
    assert len(list(Path("backups").iterdir())) == 1
