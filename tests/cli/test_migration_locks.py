"""Migrations of PostgreSQL during open transactions, searches and writes."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rentomatic.domain.search import RoomQuery
from rentomatic.repository.backend import Limits
from rentomatic.repository.postgres import locks, migrate
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.sample_rooms import sample_rooms
from tests import postgres_server
from tests.builders import make_room
from tests.cli.conftest import CommandLine, url_of

LIMIT = 60.0
LONGEST_SEARCH = 2.0
"""Seconds; a search behind a waiting migration waits as long as the migration does."""

NEXT_REVISION = f'''
from alembic import op
from rentomatic.repository.postgres.concurrently import create_index

revision = "0999"
down_revision = "{POSTGRES_REVISION}"
'''
ALTERS = """
def upgrade():
    op.execute("ALTER TABLE room ADD COLUMN note text")
"""
BUILDS_AN_INDEX = """
def upgrade():
    create_index("room_latitude", "room (latitude)")
"""


@dataclass
class Requests:
    """Searches and writes that run until the end of the context, and the seconds that each took."""

    repository: PostgresRepo
    seconds: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def search(self) -> None:
        while not self.over.wait(0.01):
            self._timed(lambda: self.repository.search(RoomQuery(limit=20)))

    def write(self) -> None:
        while not self.over.wait(0.05):
            self._timed(lambda: self.repository.swap(None, make_room()))
            self._timed(lambda: self.repository.swap(make_room(), None))

    def _timed(self, act: Callable[[], object]) -> None:
        begin = time.monotonic()
        act()
        self.seconds.append(time.monotonic() - begin)


@pytest.fixture
def conninfo(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of the first revision with rooms; the environment names it."""
    with postgres_server.empty_database() as conninfo:
        migrate.upgrade(conninfo, "0001")
        with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
            columns = "code, size, price, longitude, latitude"
            with cursor.copy(f"COPY room ({columns}) FROM STDIN".encode()) as copy:
                for room in sample_rooms(2000):
                    copy.write_row((room.code, room.size, room.price, room.longitude, room.latitude))
        name = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
        monkeypatch.setenv("DATABASE_URL", url_of(conninfo, str(name)))
        yield conninfo


@pytest.fixture
def altering(conninfo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The same, up to date, with a newer revision to apply that alters the table of rooms."""
    bring(conninfo, ALTERS, monkeypatch, tmp_path)
    return conninfo


@pytest.fixture
def indexing(conninfo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The same, but the newer revision builds an index."""
    bring(conninfo, BUILDS_AN_INDEX, monkeypatch, tmp_path)
    return conninfo


def bring(conninfo: str, act: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Bring the database up to date, and add a newer revision that does this."""
    migrate.upgrade(conninfo)
    folder = tmp_path / "revisions"
    shutil.copytree(migrate._SCRIPTS.folder, folder)
    (folder / "0999_next.py").write_text(NEXT_REVISION + act)
    monkeypatch.setattr(migrate, "_SCRIPTS", replace(migrate._SCRIPTS, folder=folder))


@contextmanager
def reading(conninfo: str) -> Iterator[int]:
    """Open a transaction that has read the rooms; give its process id."""
    with psycopg.connect(make_conninfo(conninfo, application_name="a report")) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT count(*) FROM room")
        yield connection.info.backend_pid


@contextmanager
def requests(conninfo: str, *kinds: Callable[[Requests], None]) -> Iterator[Requests]:
    with (
        closing(PostgresRepo(conninfo, POSTGRES_REVISION, Limits(statement_timeout=LIMIT))) as repository,
        ThreadPoolExecutor() as threads,
    ):
        going = Requests(repository)
        futures = [threads.submit(kind, going) for kind in kinds]
        try:
            wait_for(lambda: len(going.seconds) > 20)
            yield going
        finally:
            going.over.set()
        for future in futures:
            future.result(LIMIT)


def answer(conninfo: str, statement: str) -> Any:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def waits(conninfo: str) -> bool:
    """Whether a migration waits for a lock, other than the lock between migrations."""
    statement = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted"
    return bool(answer(conninfo, f"{statement} AND datname = current_database()"))


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def test_a_table_change_that_waits_for_a_reader_does_not_block_searches(altering: str) -> None:
    with requests(altering, Requests.search, Requests.search) as searches, ThreadPoolExecutor() as threads:
        with reading(altering):
            migration = threads.submit(migrate.upgrade, altering)
            for _ in range(3):
                wait_for(lambda: waits(altering))
                wait_for(lambda: not waits(altering))
            done = len(searches.seconds)
            wait_for(lambda: len(searches.seconds) > done + 50)
            waiting = not migration.done()

        assert migration.result(LIMIT) == (POSTGRES_REVISION, "0999")
    assert waiting
    assert max(searches.seconds) < LONGEST_SEARCH
    assert migrate.upgrade(altering) == ("0999", "0999")


def test_an_index_build_blocks_neither_searches_nor_writes(indexing: str) -> None:
    conninfo = indexing
    with (
        requests(conninfo, Requests.search, Requests.write) as going,
        ThreadPoolExecutor() as threads,
    ):
        with reading(conninfo):
            migrations = [threads.submit(migrate.upgrade, conninfo) for _ in range(3)]
            wait_for(lambda: waits(conninfo))
            done = len(going.seconds)
            wait_for(lambda: len(going.seconds) > done + 50)
            waiting = not any(migration.done() for migration in migrations)

        befores = [migration.result(LIMIT)[0] for migration in migrations]
    assert waiting
    assert sorted(map(str, befores)) == [POSTGRES_REVISION, "0999", "0999"]
    assert max(going.seconds) < LONGEST_SEARCH


@pytest.mark.parametrize("kind", ["conninfo", "altering"])
def test_a_migration_that_gives_up_names_the_blocker_and_the_next_one_succeeds(
    request: pytest.FixtureRequest, kind: str, rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo = request.getfixturevalue(kind)
    with monkeypatch.context() as patch, reading(conninfo) as pid:
        patch.setattr(locks, "PATIENCE", 2.0)
        given_up = rentomatic("migrate")
    again = rentomatic("migrate")
    invalid = answer(conninfo, "SELECT count(*) FROM pg_index WHERE NOT indisvalid")

    assert (given_up.code, given_up.out) == (4, "")
    assert f"another transaction keeps it locked: process {pid} (a report, since 2" in given_up.err
    assert "try again later" in given_up.err
    assert (again.code, again.err) == (0, "")
    assert "and is now" in again.out
    assert invalid == 0


def test_a_blocker_that_began_after_the_first_look_is_named(conninfo: str) -> None:
    with locks.only_migration(lambda: psycopg.connect(conninfo)) as guard:
        before = locks._activity(guard, "ARRAY[0]")
        with reading(conninfo) as pid:
            found = locks._activity(guard, f"ARRAY[{pid}]")

    assert before == []
    assert [(pid, "a report")] == [row[:2] for row in found]


def test_looking_for_blockers_does_not_block_an_index_build(
    conninfo: str, rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_LOOK_EVERY", 0)
    monkeypatch.setattr(locks, "PATIENCE", 5.0)
    done = rentomatic("migrate")

    assert (0, "") == (done.code, done.err)


def test_a_migration_names_the_other_migration_that_it_waited_for(
    conninfo: str, rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.3)
    with locks.only_migration(lambda: psycopg.connect(conninfo)) as other:
        refused = rentomatic("migrate")
        pid = other.info.backend_pid

    assert refused.code == 4
    assert f"Another migration is still running: process {pid} (since 2" in refused.err
    assert rentomatic("migrate").code == 0


def test_a_migration_with_nothing_to_do_does_not_wait(conninfo: str, rentomatic: CommandLine) -> None:
    rentomatic("migrate")
    with (
        psycopg.connect(conninfo) as other,
        locks.only_migration(lambda: psycopg.connect(conninfo)),
    ):
        other.execute("LOCK TABLE room IN ACCESS EXCLUSIVE MODE")
        done = [rentomatic("init-postgres"), rentomatic("migrate")]

    assert [0, 0] == [outcome.code for outcome in done]
    for outcome in done:
        assert outcome.out.endswith(f"The schema is up to date ({POSTGRES_REVISION}).\n")
