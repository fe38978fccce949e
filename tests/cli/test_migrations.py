"""Schemas: upgraded, downgraded, migrated concurrently, applied by hand, missing and too new."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pymongo
import pytest
from psycopg import sql

from rentomatic.bootstrap import migrate, open_repository
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres import migrate as postgres
from rentomatic.repository.postgres.backend import PostgresBackend
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.sqlite import migrate as sqlite
from rentomatic.repository.sqlite.backend import SqliteBackend
from rentomatic.sample_rooms import sample_rooms
from rentomatic.settings import Settings, read_settings
from tests import postgres_server
from tests.cli.conftest import CommandLine, at_once, url_of
from tests.servers import free_port, serving

OBJECTS = """
    SELECT 'relation', c.relname, c.relkind::text FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'column', attrelid::regclass || '.' || attname,
        concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, collname)
    FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1, 2, 3
"""


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new.db"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database of each kind with SQL; the environment names it."""
    return named(request, monkeypatch)


@pytest.fixture(params=["sqlite", "postgres", "mongo"])
def any_url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database of each kind; the environment names it."""
    return named(request, monkeypatch)


def named(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    request.getfixturevalue("rentomatic")  # sets a storage first
    url = str(request.getfixturevalue(f"{request.param}_url"))
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def settings(url: str) -> Settings:
    return read_settings({"DATABASE_URL": url})


def needed(url: str) -> str | None:
    """Return the revision that this program needs there."""
    return settings(url).database.revision


def by_hand(url: str, text: str) -> list[tuple[Any, ...]]:
    """Run SQL as an administrator would; return its rows."""
    match settings(url).database:
        case PostgresBackend(conninfo=conninfo):
            with psycopg.connect(conninfo, autocommit=True) as connection:
                # One at a time, like psql: several in one string would be one transaction. An empty line
                # follows each, as within functions none does.
                for statement in text.strip().rstrip(";").split(";\n\n"):
                    cursor = connection.execute(statement.encode())
                return cursor.fetchall() if cursor.description else []
        case SqliteBackend(path):
            with closing(sqlite3.connect(path)) as file:
                if text.lstrip().startswith("SELECT"):
                    return file.execute(text).fetchall()
                file.executescript(text)
    return []


def schema(url: str) -> list[tuple[Any, ...]]:
    """Return everything that a migration could have created, as the database describes it."""
    if url.startswith("sqlite"):
        rows = by_hand(url, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
        return [(kind, name, " ".join((text or "").split())) for kind, name, text in rows]
    return by_hand(url, OBJECTS)


def downgrade(url: str) -> None:
    match settings(url).database:
        case PostgresBackend(conninfo=conninfo):
            postgres.downgrade(conninfo, "base")
        case SqliteBackend(path):
            sqlite.downgrade(path, "base")


def load(url: str, rooms: int) -> None:
    with closing(open_repository(settings(url))) as repository:
        assert repository.load(sample_rooms(rooms)).added == rooms


def test_the_schema_goes_down_and_up_again_with_rooms_in_it(url: str) -> None:
    migrate(settings(url).database)
    whole = schema(url)
    load(url, 100)

    downgrade(url)
    left = {row[1].partition(".")[0] for row in schema(url)}

    assert {name for name in left if not name.startswith(("alembic_version", "sqlite_autoindex_"))} == set()
    assert migrate(settings(url).database) == (None, needed(url))
    assert whole == schema(url)
    load(url, 100)


def test_a_schema_of_the_first_revision_is_brought_up_to_date_with_its_rooms(url: str) -> None:
    match settings(url).database:
        case PostgresBackend(conninfo=conninfo):
            postgres.upgrade(conninfo, "0001")
        case SqliteBackend(path):
            sqlite.upgrade(path, "0001")
    by_hand(url, "INSERT INTO room (code, size, price, longitude, latitude) VALUES ('a1', 20, 60, 0, 51)")

    assert migrate(settings(url).database) == ("0001", needed(url))
    with closing(open_repository(settings(url))) as repository:
        assert repository.count(RoomQuery()) == 1
    assert any("room_price_size" in map(str, row) for row in schema(url))


@pytest.mark.parametrize("before", ["without words", "up to date"])
def test_migrate_says_for_how_many_rooms_it_stored_words(
    rentomatic: CommandLine, url: str, before: str
) -> None:
    rentomatic("migrate")
    load(url, 4 + 30)  # the first four say nothing
    if before == "up to date":
        by_hand(url, "UPDATE room SET words = NULL")
    else:
        match settings(url).database:
            case PostgresBackend(conninfo=conninfo):
                postgres.downgrade(conninfo, "0008")
                by_hand(url, "UPDATE room SET words = NULL")
            case SqliteBackend(path):
                sqlite.downgrade(path, "0005")

    done, again = rentomatic("migrate"), rentomatic("migrate")

    assert "The words of 30 rooms are stored now.\n" in done.out
    assert f"The schema is up to date ({needed(url)}).\n" == again.out


def test_migrate_leaves_words_to_searches_while_the_table_is_locked(
    rentomatic: CommandLine, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    rentomatic("migrate")
    load(postgres_url, 4 + 3)  # the first four say nothing
    by_hand(postgres_url, "UPDATE room SET words = NULL")

    with psycopg.connect(postgres_url) as session:
        session.execute("LOCK TABLE room")
        locked = rentomatic("migrate")

    assert (0, f"The schema is up to date ({needed(postgres_url)}).\n") == (locked.code, locked.out)
    assert "The words of 3 rooms are stored now.\n" in rentomatic("migrate").out


def test_the_printed_sql_creates_the_same_schema(rentomatic: CommandLine, url: str) -> None:
    printed = rentomatic("migrate", "--sql")
    by_hand(url, printed.out)
    made_by_hand = schema(url)
    again = rentomatic("migrate")
    downgrade(url)
    rentomatic("migrate")

    assert (printed.code, printed.err) == (0, "")
    assert again.out == f"The schema is up to date ({needed(url)}).\n"
    assert schema(url) == made_by_hand
    load(url, 100)


def test_the_printed_sql_for_a_current_schema_changes_nothing(rentomatic: CommandLine, url: str) -> None:
    rentomatic("migrate")
    load(url, 100)
    before = schema(url)

    by_hand(url, rentomatic("migrate", "--sql").out)

    assert before == schema(url)
    with closing(open_repository(settings(url))) as repository:
        assert repository.count(RoomQuery()) == 100


def test_ten_concurrent_migrations_create_one_schema(any_url: str) -> None:
    done = at_once(*[["migrate"]] * 10)

    named = f"Storage: {settings(any_url).target}\n"
    assert [(0, named)] * 10 == [(code, err) for code, _, err in done]
    newest = needed(any_url)
    changed = f"The schema was empty and is now {newest}.\n"
    kept = f"The schema is up to date ({newest}).\n"
    printed = [out for _, out, _ in done]
    assert {changed, kept} >= set(printed)
    # MongoDB's lock, an upsert, may tell all of them that there was no schema before.
    assert 1 <= printed.count(changed) <= (10 if any_url.startswith("mongodb") else 1)
    load(any_url, 100)


def make_newer(url: str, revision: str = "9999") -> None:
    if not url.startswith("mongodb"):
        by_hand(url, f"UPDATE alembic_version SET version_num = '{revision}'")
        return
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        client.get_default_database().schema.update_one({"_id": "room"}, {"$set": {"revision": revision}})


def test_a_newer_schema_of_the_same_generation_is_used(rentomatic: CommandLine, any_url: str) -> None:
    """As after a new version was rolled back: it only added something."""
    rentomatic("migrate")
    make_newer(any_url, "0999")
    load(any_url, 3)

    again = rentomatic("migrate")
    counted = rentomatic("summary", "--format", "json")

    assert (0, "The schema is up to date (0999).\n") == (again.code, again.out)
    assert (0, 3) == (counted.code, json.loads(counted.out)["count"])


def test_a_newer_schema_is_refused_by_every_command(rentomatic: CommandLine, any_url: str) -> None:
    Path("rooms.csv").write_text("code,size,price,latitude,longitude\na1,20,60,51.5,-0.12\n")
    commands = (
        *("migrate", "search", "show a1", "remove a1", "import rooms.csv", "export", "summary"),
        f"serve --port {free_port()}",
        f"copy {any_url} sqlite:///copy.db",
        f"copy sqlite:///rooms.db {any_url}",
    )
    rentomatic("migrate")
    make_newer(any_url)

    for command in commands:
        done = rentomatic(*command.split())

        assert (command, 4, "") == (command, done.code, done.out)
        assert "9999" in done.err
        assert "use a newer program" in done.err
    assert "use a newer program" in " ".join(rentomatic("doctor").out.split())


def test_a_newer_schema_has_no_sql_to_print(rentomatic: CommandLine, url: str) -> None:
    rentomatic("migrate")
    make_newer(url)

    done = rentomatic("migrate", "--sql")

    assert (done.code, done.out) == (4, "")
    assert "use a newer program" in done.err


def test_a_server_without_a_schema_says_what_to_do_and_works_once_it_is_done(
    rentomatic: CommandLine, postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", "1", "-b", f"127.0.0.1:{port}", "wsgi:app"]
    with serving(command, port, tmp_path / "log", {"DATABASE_URL": postgres_url}) as server:
        missing = [
            server.get(target) for target in ("/rooms", "/rooms/a1", "/rooms/summary", "/health/ready")
        ]
        live = server.get("/health/live").status
        migrated = rentomatic("migrate").code
        present = [server.get(target).status for target in ("/rooms", "/health/ready")]

    assert [503] * 4 == [answer.status for answer in missing]
    for answer in missing:
        assert "run `rentomatic migrate`" in answer.json["detail"]
    assert (200, 0, [200, 200]) == (live, migrated, present)


def test_a_removed_schema_is_noticed_and_found_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, rentomatic: CommandLine, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    rentomatic("migrate")
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", "1", "-b", f"127.0.0.1:{port}", "wsgi:app"]
    with serving(command, port, tmp_path / "log", {"DATABASE_URL": postgres_url}) as server:
        before = server.get("/rooms").status
        downgrade(postgres_url)
        away = [server.get("/rooms") for _ in range(3)]
        ready = server.get("/health/ready").status
        rentomatic("migrate")
        after = server.get("/rooms").status

    assert (200, [503] * 3, 503, 200) == (before, [answer.status for answer in away], ready, after)
    assert all("rentomatic migrate" in answer.json["detail"] for answer in away)


@pytest.fixture
def strange_name() -> Iterator[str]:
    """The name of a database that does not exist yet and is removed at the end."""
    name = f"a \"b\" 'c'; DROP %20@/é {uuid4().hex}"
    yield name
    postgres_server.drop(name)


@pytest.fixture
def user() -> Iterator[str]:
    """A user without the right to create databases."""
    name = f"rentomatic_test_{uuid4().hex}"
    with psycopg.connect(postgres_server.conninfo_of_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'hunter2'").format(sql.Identifier(name)))
    yield name
    with psycopg.connect(postgres_server.conninfo_of_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_a_database_may_have_any_name(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, strange_name: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url_of(postgres_server.conninfo_of_server(), strange_name))

    first, second, search = rentomatic("init-postgres"), rentomatic("init-postgres"), rentomatic("search")

    assert (0, 0, 0) == (first.code, second.code, search.code)
    assert first.out.startswith(f"Created the database {strange_name}.\n")
    assert second.out.startswith(f"There is a database {strange_name}.\n")


def test_an_existing_database_is_used_without_the_right_to_create_one(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    name = f"rentomatic_test_{uuid4().hex}"
    server = postgres_server.conninfo_of_server()
    own = url_of(psycopg.conninfo.make_conninfo(server, user=user, password="hunter2"), name)
    monkeypatch.setenv("DATABASE_URL", own)
    refused = rentomatic("init-postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(user))
        )
    try:
        done = rentomatic("init-postgres")
    finally:
        postgres_server.drop(name)

    assert (refused.code, refused.out) == (4, "")
    assert "permission denied" in refused.err
    assert (done.code, done.err) == (0, "")
    assert f"There is a database {name}.\nThe schema was empty and is now {POSTGRES_REVISION}.\n" == done.out


def test_concurrent_attempts_create_a_database_once(
    monkeypatch: pytest.MonkeyPatch, strange_name: str
) -> None:
    url = url_of(postgres_server.conninfo_of_server(), strange_name)
    monkeypatch.setenv("DATABASE_URL", url)

    done = at_once(*[["init-postgres"]] * 4)

    named = f"Storage: {settings(url).target}\n"
    assert [(0, named)] * 4 == [(code, err) for code, _, err in done]
    assert sum(out.startswith("Created the") for _, out, _ in done) == 1
    assert sum(f"is now {POSTGRES_REVISION}" in out for _, out, _ in done) == 1
