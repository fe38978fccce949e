"""An import into PostgreSQL whose process is killed midway."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import csv
from tests import postgres_server
from tests.bare import bare
from tests.cli.conftest import url_of

COMMAND = [sys.executable, "-m", "rentomatic", "import"]
ROOMS = 12_000

LIMIT = 120.0

COPYING = "SELECT tuples_processed > 5000 FROM pg_stat_progress_copy WHERE datname = current_database()"
MERGING = """
    SELECT query LIKE '%INSERT INTO room%' AND state = 'active' FROM pg_stat_activity
    WHERE application_name = 'rentomatic' AND datname = current_database()
"""
LEFT = """
    SELECT (SELECT count(*) FROM pg_stat_activity
            WHERE application_name = 'rentomatic' AND datname = current_database()),
        (SELECT count(*) FROM pg_locks WHERE relation = 'room'::regclass AND pid <> pg_backend_pid()),
        (SELECT count(*) FROM pg_class WHERE relname = 'incoming')
"""


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with many rooms; `conninfo` has a thousand of them at other prices."""
    path = tmp_path_factory.mktemp("listing") / "rooms.csv"
    path.write_bytes(b"".join(csv.write(bare(sample_rooms(ROOMS)))))
    return path


@pytest.fixture
def conninfo() -> Iterator[str]:
    """A database with a thousand rooms of the listing at higher prices."""
    with postgres_server.database() as conninfo, watching(conninfo) as connection:
        with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as repository:
            repository.load(sample_rooms(1000))
        connection.execute("UPDATE room SET price = price + 1")
        yield conninfo


def watching(conninfo: str) -> psycopg.Connection[Any]:
    return psycopg.connect(conninfo, autocommit=True)


def wait_for(connection: psycopg.Connection[Any], statement: str, expected: tuple[Any, ...]) -> None:
    end = time.monotonic() + LIMIT
    while (found := connection.execute(statement).fetchone()) != expected:
        assert time.monotonic() < end, f"{found} did not become {expected} in time"
        time.sleep(0.005)


def start_import(conninfo: str, **options: Any) -> subprocess.Popen[bytes]:
    url = url_of(conninfo, str(conninfo_to_dict(conninfo)["dbname"]))
    return subprocess.Popen(
        [*COMMAND, "-"], env={**os.environ, "DATABASE_URL": url}, stderr=subprocess.DEVNULL, **options
    )


def while_copying(conninfo: str, listing: Path) -> subprocess.Popen[bytes]:
    """Start an import that has copied some rooms and waits for the rest of the listing."""
    running = start_import(conninfo, stdin=subprocess.PIPE)
    assert running.stdin
    running.stdin.write(listing.read_bytes()[:-100])
    running.stdin.flush()
    with watching(conninfo) as connection:
        wait_for(connection, COPYING, (True,))
    return running


def while_merging(conninfo: str, listing: Path) -> subprocess.Popen[bytes]:
    """An import that has copied all and now changes the table, in which somebody else holds a room."""
    with psycopg.connect(conninfo) as holding:
        holding.execute("SELECT FROM room WHERE id = 500 FOR UPDATE")
        with listing.open("rb") as lines:
            running = start_import(conninfo, stdin=lines)
        with watching(conninfo) as connection:
            wait_for(connection, MERGING, (True,))
        running.kill()
        running.wait(LIMIT)
    return running


@pytest.mark.parametrize("start", [while_copying, while_merging])
def test_a_killed_import_changes_nothing_and_leaves_nothing_behind(
    conninfo: str, listing: Path, start: Callable[[str, Path], subprocess.Popen[bytes]]
) -> None:
    everything = "SELECT * FROM room ORDER BY id"
    with watching(conninfo) as connection:
        before = connection.execute(everything).fetchall()

        with start(conninfo, listing) as running:
            running.kill()
        wait_for(connection, LEFT, (0, 0, 0))

        assert running.returncode == -9
        assert before == connection.execute(everything).fetchall()
        with listing.open("rb") as lines, start_import(conninfo, stdin=lines) as second:
            assert second.wait(LIMIT) == 0
        assert (ROOMS,) == connection.execute("SELECT count(*) FROM room").fetchone()
