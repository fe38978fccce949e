"""The command line for tests: in this process, on an SQLite file for each test."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from rentomatic.bootstrap import open_repository
from rentomatic.cli.main import run
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.sample_rooms import sample_rooms
from rentomatic.settings import read_settings
from tests import mongo_server, postgres_server

_OUTPUT_VARIABLES = (
    *("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    *("PYTHONIOENCODING", "PYTHONUNBUFFERED", "PYTHONUTF8"),
)
"""Variables of the surrounding environment that would change the output."""

AT_ONCE = Path(__file__).with_name("at_once.py")
LIMIT = 120.0
"""Seconds that processes may take in all."""

ANNOUNCED = re.compile(r"(?:Storage: (.*)\n)?((?s:.*))")
"""Splits the standard error of a command into the storage that it is about to change, and the rest."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a command: its exit code, standard output and standard error.

    storage: the storage that it named on standard error before changing it; not part of `err`.
    """

    code: int
    out: str
    err: str
    storage: str = ""


MANY_ROOMS = sorted(sample_rooms(1200), key=lambda room: room.code)
"""More rooms than any storage writes in one batch."""


class CommandLine(Protocol):
    """Runs `rentomatic` with these arguments."""

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Storage:
    """The SQLite file that DATABASE_URL names."""

    path: Path

    def put(self, *rooms: Room) -> None:
        self.put_all(rooms)

    def put_all(self, rooms: Iterable[Room]) -> None:
        repository = open_repository(read_settings(os.environ))
        repository.load(rooms)
        repository.close()

    def rooms(self) -> list[Room]:
        """Every room, by code."""
        repository = open_repository(read_settings(os.environ))
        with repository.stream(RoomQuery()) as found:
            rooms = list(found)
        repository.close()
        return rooms


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file without rooms, for copying."""
    path = tmp_path_factory.mktemp("template") / "rooms.db"
    upgrade_sqlite(path)
    return path


@pytest.fixture(scope="session")
def rooms_file(empty_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with `MANY_ROOMS`, for copying."""
    path = tmp_path_factory.mktemp("template") / "rooms.db"
    shutil.copy(empty_file, path)
    repository = open_repository(read_settings({"DATABASE_URL": f"sqlite:///{path}"}))
    repository.load(MANY_ROOMS)
    repository.close()
    return path


@pytest.fixture
def storage(empty_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """An empty storage `rooms.db`, in the working directory of the test's commands."""
    for name in _OUTPUT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "rooms.db"
    shutil.copy(empty_file, path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///rooms.db")
    return Storage(path)


@pytest.fixture
def rentomatic(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> CommandLine:
    """The command line on that storage; its output is not a terminal."""

    def command_line(*arguments: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfdbinary.readouterr()
        code = run(list(arguments))
        captured = capfdbinary.readouterr()
        announced = ANNOUNCED.fullmatch(captured.err.decode())
        assert announced is not None
        storage_named, err = announced.groups("")
        return Outcome(code, captured.out.decode(), err, storage_named)

    return command_line


def at_once(*commands: list[str]) -> list[tuple[int, str, str]]:
    """Run commands in processes that start at the same moment; return each exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, str(AT_ONCE), json.dumps(commands)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


def url_of(conninfo: str, name: str) -> str:
    """Return a URL of the same server, as a user would write it."""
    given = {part: quote(str(value), safe="") for part, value in conninfo_to_dict(conninfo).items()}
    login = given["user"] + (f":{given['password']}" if "password" in given else "")
    return f"postgresql://{login}@{given['host']}:{given['port']}/{quote(name, safe='')}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A database of PostgreSQL without a schema."""
    with postgres_server.empty_database() as conninfo:
        yield url_of(conninfo, str(conninfo_to_dict(conninfo)["dbname"]))


@pytest.fixture
def mongo_url() -> Iterator[str]:
    """A database of MongoDB without a schema."""
    with mongo_server.database() as (uri, name):
        host, separator, options = uri.partition("?")
        yield f"{host.rstrip('/')}/{name}{separator}{options}"
