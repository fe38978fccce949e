"""sample, migrate, init-postgres."""

import sqlite3
from pathlib import Path

import pytest

from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.sample_rooms import FIRST_ROOMS, SAMPLE_SIZE, sample_rooms
from rentomatic.serializers import csv, geojson, ndjson
from rentomatic.serializers import json as json_array
from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage

WRITERS = {"csv": csv.write, "ndjson": ndjson.write, "json": json_array.write, "geojson": geojson.write}


@pytest.mark.parametrize("count", [0, 1, 5, 1001])
@pytest.mark.parametrize("format_", WRITERS)
def test_samples_are_written_in_every_format(rentomatic: CommandLine, format_: str, count: int) -> None:
    done = rentomatic("sample", "--count", str(count), "--format", format_)

    expected = b"".join(WRITERS[format_](sample_rooms(count))).decode()
    assert (0, expected, "") == (done.code, done.out, done.err)


def test_samples_are_reproducible_and_begin_with_the_known_rooms(
    rentomatic: CommandLine,
) -> None:
    first, second = rentomatic("sample"), rentomatic("sample")

    codes = [line.partition(",")[0] for line in first.out.splitlines()[1:]]
    assert first == second
    assert len(codes) == SAMPLE_SIZE
    assert [room.code for room in FIRST_ROOMS] == codes[:4]


def test_every_sample_can_be_imported(rentomatic: CommandLine, storage: Storage) -> None:
    samples = rentomatic("sample").out.encode()

    done = rentomatic("import", "-", stdin=samples)

    assert done.code == 0
    assert "refused" not in done.err
    assert sorted(sample_rooms(), key=lambda room: room.code) == storage.rooms()


@pytest.mark.parametrize("count", ["-1", "many", "1.5"])
def test_a_bad_number_of_samples_is_refused(rentomatic: CommandLine, count: str) -> None:
    done = rentomatic("sample", f"--count={count}")

    assert (done.code, done.out) == (2, "")
    assert "Invalid value for '--count'" in done.err


def test_a_missing_storage_is_created_on_first_use(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///new.db")

    done = rentomatic("add", "--code", "a1", "--price", "60", "--latitude", "51.5", "--longitude", "-0.12")

    assert (done.code, done.err) == (0, "")
    assert storage.path.with_name("new.db").exists()


@pytest.mark.usefixtures("storage")
def test_a_migration_creates_the_schema_and_says_so(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///new.db")

    first, second = rentomatic("migrate"), rentomatic("migrate")

    assert (first.code, first.out, first.err) == (
        0,
        f"The schema was empty and is now {SQLITE_REVISION}.\n",
        "",
    )
    assert (second.code, second.out, second.err) == (
        0,
        f"The schema is up to date ({SQLITE_REVISION}).\n",
        "",
    )


def test_a_migration_keeps_the_rooms(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room())

    assert rentomatic("migrate").code == 0
    assert [make_room()] == storage.rooms()


def test_memory_has_no_schema(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "memory:")

    done, text = rentomatic("migrate"), rentomatic("migrate", "--sql")

    assert (done.code, done.out, done.err) == (0, "This storage needs no schema.\n", "")
    assert (text.code, text.out, text.err) == (0, "", "There is nothing to run.\n")


@pytest.mark.usefixtures("storage")
def test_the_printed_migration_creates_the_schema(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///new.db")

    text = rentomatic("migrate", "--sql")

    assert (text.code, text.err) == (0, "")
    assert not Path("new.db").exists()
    with sqlite3.connect("new.db") as connection:
        connection.executescript(text.out)
    connection.close()
    assert f"The schema is up to date ({SQLITE_REVISION}).\n" == rentomatic("migrate").out
    assert "1 added" in rentomatic("import", "-", stdin=b"code,price,latitude,longitude\na1,60,0,0\n").out


def test_printing_a_migration_leaves_an_older_schema_unchanged(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put(make_room())

    text = rentomatic("migrate", "--sql")

    assert text.code == 0
    assert "CREATE TABLE room" not in text.out
    assert [make_room()] == storage.rooms()


def test_only_postgresql_needs_a_database_created(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {"sqlite:///new.db": "new.db", "memory:": "memory:", "mongodb://u:hunter2@db/r": "mongodb://db/r"}
    for url, label in urls.items():
        monkeypatch.setenv("DATABASE_URL", url)

        done = rentomatic("init-postgres")

        assert (done.code, done.out) == (2, "")
        assert "Error: DATABASE_URL: must be postgresql://…, or POSTGRES_HOSTNAME must be set" in done.err
        assert done.err.endswith(f"the storage is {label}\n")
    assert [storage.path.name] == [path.name for path in storage.path.parent.iterdir()]


@pytest.mark.parametrize("command", [["migrate"], ["migrate", "--sql"], ["init-postgres"], ["search"]])
def test_an_unreachable_server_is_named_without_its_password(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("POSTGRES_HOSTNAME", "127.0.0.1")
    monkeypatch.setenv("POSTGRES_PORT", "1")
    monkeypatch.setenv("POSTGRES_PASSWORD", "hunter2")

    done = rentomatic(*command)

    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("Error: ")
    assert done.err.endswith("(postgresql://127.0.0.1:1/application)\n")
    assert "hunter2" not in done.err


@pytest.mark.parametrize("command", [["migrate"], ["search"], ["export"], ["summary"], ["show", "a1"]])
@pytest.mark.parametrize("kind", ["no SQLite file", "a directory", "a newer schema", "nowhere"])
def test_an_unusable_storage_is_unavailable(
    rentomatic: CommandLine,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    command: list[str],
) -> None:
    make_unusable(storage, kind)
    if kind == "nowhere":
        monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere/rooms.db")

    done = rentomatic(*command)

    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("Error: ")
    assert "rooms.db" in done.err or "9999" in done.err
    assert "Traceback" not in done.err


def make_unusable(storage: Storage, kind: str) -> None:
    if kind == "a newer schema":
        with sqlite3.connect(storage.path) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        return
    storage.path.unlink()
    if kind == "no SQLite file":
        storage.path.write_text("code,price\n" * 1000, encoding="utf-8")
    elif kind == "a directory":
        storage.path.mkdir()


def test_a_newer_schema_does_not_lead_to_advice_to_migrate(rentomatic: CommandLine, storage: Storage) -> None:
    make_unusable(storage, "a newer schema")

    done = rentomatic("search")

    assert "9999" in done.err
    assert "migrate" not in done.err


def test_an_invalid_setting_is_named_without_its_secret(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:secret@localhost/rooms")
    monkeypatch.setenv("RENTOMATIC_THREADS", "0")

    done = rentomatic("search")

    assert (done.code, done.out) == (2, "")
    assert "Error: DATABASE_URL: must be memory:, sqlite:///relative/path.db" in done.err
    assert "Error: RENTOMATIC_THREADS: must be between 1 and 256, not '0'" in done.err
    assert "secret" not in done.err
