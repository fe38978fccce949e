"""The command line on servers: only migrate and init-postgres create anything, and copies are exact."""

import json
from collections.abc import Iterator
from itertools import pairwise
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from rentomatic.repository.mongo.schema import MONGO_REVISION
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from tests import postgres_server
from tests.cli.conftest import MANY_ROOMS, CommandLine, Storage, url_of
from tests.servers import free_port


@pytest.fixture
def missing() -> Iterator[str]:
    """The name of a database that does not exist yet and is removed at the end."""
    name = f"rentomatic_test_{uuid4().hex}"
    yield name
    postgres_server.drop(name)


@pytest.fixture(params=["postgres", "mongo"])
def url(request: pytest.FixtureRequest) -> str:
    """A database of each server without a schema."""
    return str(request.getfixturevalue(f"{request.param}_url"))


def test_a_database_is_created_once_and_reported_each_time(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url_of(postgres_server.conninfo_of_server(), missing))

    before, first, second = rentomatic("search"), rentomatic("init-postgres"), rentomatic("init-postgres")

    assert (before.code, before.out) == (4, "")
    assert "run `rentomatic init-postgres`" in before.err
    created = f"Created the database {missing}.\nThe schema was empty and is now {POSTGRES_REVISION}.\n"
    assert (0, created, "") == (first.code, first.out, first.err)
    kept = f"There is a database {missing}.\nThe schema is up to date ({POSTGRES_REVISION}).\n"
    assert (0, kept, "") == (second.code, second.out, second.err)
    assert (0, "No rooms match.\n") == (rentomatic("search").code, rentomatic("search").out)


def test_a_url_and_its_parts_name_the_same_database(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    given = conninfo_to_dict(postgres_server.conninfo_of_server())
    monkeypatch.delenv("DATABASE_URL")
    for variable, part in {
        "HOSTNAME": "host",
        "PORT": "port",
        "USER": "user",
        "PASSWORD": "password",
    }.items():
        monkeypatch.setenv(f"POSTGRES_{variable}", str(given.get(part) or ""))
    monkeypatch.setenv("APPLICATION_DB", missing)

    assert rentomatic("init-postgres").out.startswith(f"Created the database {missing}.\n")
    assert f"schema {POSTGRES_REVISION}, 0 rooms" in " ".join(rentomatic("doctor").out.split())


@pytest.mark.parametrize(
    "command", [["search"], ["export"], ["summary"], ["serve", "--sample"], ["show", "a1"], ["remove", "a1"]]
)
def test_only_a_migration_creates_the_schema(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, url: str, command: list[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("RENTOMATIC_PORT", str(free_port()))

    done = rentomatic(*command)

    needed = MONGO_REVISION if url.startswith("mongodb") else POSTGRES_REVISION
    assert (done.code, done.out) == (4, "")
    assert f"is missing, this program needs {needed}: run `rentomatic migrate`." in done.err


def test_a_migration_is_printed_and_changes_nothing(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)

    text = rentomatic("migrate", "--sql")

    assert (text.code, text.err) == (0, "")
    assert "CREATE TABLE room" in text.out
    assert f"The schema was empty and is now {POSTGRES_REVISION}.\n" == rentomatic("migrate").out


def test_commands_for_mongodb_are_printed_one_per_line(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, mongo_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", mongo_url)

    text = rentomatic("migrate", "--sql")

    assert (text.code, text.err) == (0, "")
    assert all(isinstance(json.loads(line), dict) for line in text.out.splitlines())
    assert f"The schema was empty and is now {MONGO_REVISION}.\n" == rentomatic("migrate").out


def test_rooms_can_be_copied_to_a_server_and_back(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    storage.put_all(MANY_ROOMS)

    unready = rentomatic("copy", "sqlite:///rooms.db", url)
    monkeypatch.setenv("DATABASE_URL", url)
    rentomatic("migrate")
    there = rentomatic("copy", "sqlite:///rooms.db", url)
    again = rentomatic("copy", "sqlite:///rooms.db", url)
    back = rentomatic("copy", url, "sqlite:///back.db")

    assert unready.code == 4
    assert "run `rentomatic migrate`" in unready.err
    assert (0, 2, 0) == (there.code, again.code, back.code)
    checksums = {
        line.split()[3] for done in (there, back) for line in done.out.splitlines() if "checksum" in line
    }
    assert len(checksums) == 1
    assert MANY_ROOMS == storage.rooms()
    monkeypatch.setenv("DATABASE_URL", "sqlite:///back.db")
    assert MANY_ROOMS == storage.rooms()


def test_rooms_copied_between_storages_are_identical(
    rentomatic: CommandLine,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    postgres_url: str,
    mongo_url: str,
) -> None:
    storage.put_all(MANY_ROOMS)
    stops = ["sqlite:///rooms.db", postgres_url, mongo_url]
    for url in (postgres_url, mongo_url):
        monkeypatch.setenv("DATABASE_URL", url)
        rentomatic("migrate")

    copies = [rentomatic("copy", *pair) for pair in pairwise([*stops, "memory:"])]
    exports: dict[str, set[str]] = {"csv": set(), "ndjson": set(), "geojson": set()}
    for url in stops:
        monkeypatch.setenv("DATABASE_URL", url)
        for name, found in exports.items():
            found.add(rentomatic("export", "--format", name).out)

    assert [(0, "")] * 3 == [(done.code, done.err) for done in copies]
    compared = [line.split()[:4] for done in copies for line in done.out.splitlines() if "checksum" in line]
    assert [["1,200", "rooms,", "checksum", compared[0][3]]] * 6 == compared
    for (text,) in exports.values():
        assert MANY_ROOMS[-1].code in text
