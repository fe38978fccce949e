"""copy."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.use_cases.checksum import Checksum
from rentomatic.use_cases.copy_rooms import other_than
from tests.builders import make_room
from tests.cli.conftest import MANY_ROOMS, CommandLine, Storage

SOURCE = "sqlite:///rooms.db"
TARGETS = {"memory": "memory:", "sqlite": "sqlite:///copy.db"}
"""Empty target storages."""


def rooms_in(name: str) -> list[Room]:
    repository = SqliteRepo(Path(name), SQLITE_REVISION)
    with repository.stream(RoomQuery()) as found:
        rooms = list(found)
    repository.close()
    return rooms


def checksum(rooms: list[Room]) -> Checksum:
    found = Checksum()
    for room in rooms:
        found.add(room)
    return found


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("rooms", [[], [make_room(), make_room(code="b1", size=None)], MANY_ROOMS], ids=len)
def test_all_rooms_are_copied_and_compared(
    rentomatic: CommandLine, storage: Storage, rooms: list[Room], target: str
) -> None:
    storage.put_all(rooms)

    done = rentomatic("copy", SOURCE, TARGETS[target])

    said = f"{len(rooms):,} rooms, checksum {checksum(rooms)}"
    label = TARGETS[target].removeprefix("sqlite:///")
    expected = [
        f"{len(rooms):,} added, 0 replaced, 0 unchanged.",
        f"{said}: rooms.db",
        f"{said}: {label}",
        "Both contain the same rooms.",
    ]
    assert (0, expected, "") == (done.code, done.out.splitlines(), done.err)
    if target == "sqlite":
        assert rooms == rooms_in("copy.db")


def test_a_target_with_rooms_is_left_alone(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room())
    rentomatic("copy", SOURCE, "sqlite:///copy.db")
    storage.put(make_room(price=1))

    done = rentomatic("copy", SOURCE, "sqlite:///copy.db")

    assert (2, "", "copy.db") == (done.code, done.out, done.storage)
    assert "copy.db has rooms already: rooms with the same code will be overwritten." in done.err
    assert [make_room()] == rooms_in("copy.db")


def test_rooms_with_the_same_code_are_replaced_on_request(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room(), make_room(code="b1"))
    rentomatic("copy", SOURCE, "sqlite:///copy.db")
    storage.put(make_room(price=1))

    done = rentomatic("copy", SOURCE, "sqlite:///copy.db", "--yes")

    assert (done.code, done.err) == (0, "")
    assert "0 added, 1 replaced, 1 unchanged." in done.out
    assert [make_room(price=1), make_room(code="b1")] == rooms_in("copy.db")


@pytest.fixture
def other_rooms(rentomatic: CommandLine, storage: Storage) -> list[Room]:
    """The rooms of copy.db, some of which rooms.db does not have."""
    rooms = [make_room(code=code) for code in ("a0", "a1", "a2", "z")]
    storage.put_all(rooms)
    shutil.copy(storage.path, "copy.db")
    for code in ("a0", "a2", "z"):
        rentomatic("remove", code, "--yes")
    storage.put(make_room(price=1), make_room(code="b1"))
    return rooms


@pytest.mark.parametrize("options", [[], ["--yes"]])
def test_target_with_other_rooms_is_refused_before_anything_is_written(
    rentomatic: CommandLine, other_rooms: list[Room], options: list[str]
) -> None:
    done = rentomatic("copy", SOURCE, "sqlite:///copy.db", *options)

    assert (1, "") == (done.code, done.out)
    assert "copy.db has rooms that rooms.db does not have, such as a0, so the two could not" in done.err
    assert "Remove them with --remove-others" in done.err
    assert other_rooms == rooms_in("copy.db")


def test_other_rooms_of_the_target_are_removed_on_request(
    rentomatic: CommandLine, storage: Storage, other_rooms: list[Room]
) -> None:
    asked = rentomatic("copy", SOURCE, "sqlite:///copy.db", "--remove-others")
    kept = rooms_in("copy.db")
    done = rentomatic("copy", SOURCE, "sqlite:///copy.db", "--remove-others", "--yes")

    assert (2, True, other_rooms) == (asked.code, "will be overwritten, others removed." in asked.err, kept)
    assert (0, "") == (done.code, done.err)
    assert "1 added, 1 replaced, 0 unchanged, 3 removed." in done.out
    assert storage.rooms() == rooms_in("copy.db")


CODES = st.lists(st.sampled_from(["A", "a", "a1", "b", "z~"]), unique=True).map(sorted)


@given(CODES, CODES)
def test_first_room_that_only_the_target_has_is_found(source: list[str], target: list[str]) -> None:
    rooms, present = ([make_room(code=code) for code in codes] for codes in (source, target))
    others = [room for room in present if room.code not in source]

    assert next(iter(others), None) == other_than(rooms, present)


def test_the_storage_of_the_environment_is_not_touched(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(make_room())
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")

    assert rentomatic("copy", SOURCE, "sqlite:///copy.db").code == 0
    assert not Path("other.db").exists()


@pytest.mark.parametrize(
    ("source", "target", "wrong"),
    [
        ("rooms.db", "memory:", ["FROM_URL"]),
        (SOURCE, "mysql://root:hunter2@db/rooms", ["TO_URL"]),
        ("postgresql://ann:hunter2%zz@db/rooms", "hunter2", ["FROM_URL", "TO_URL"]),
        ("memory:", "sqlite:///copy.db", ["FROM_URL"]),
        (SOURCE, SOURCE, ["TO_URL"]),
    ],
)
def test_invalid_urls_are_refused_by_name(
    rentomatic: CommandLine, source: str, target: str, wrong: list[str]
) -> None:
    done = rentomatic("copy", source, target)

    assert (done.code, done.out) == (2, "")
    assert wrong == [line.split(": ")[1] for line in done.err.splitlines()]
    assert "hunter2" not in done.err
    assert not Path("copy.db").exists()


@pytest.mark.parametrize("spelling", ["sqlite:///./rooms.db", "SQLite:///rooms.db", "sqlite:///link.db"])
def test_file_is_not_copied_onto_itself_under_another_spelling(
    rentomatic: CommandLine, storage: Storage, spelling: str
) -> None:
    storage.put(make_room())
    Path("link.db").symlink_to(storage.path)

    done = rentomatic("copy", "--yes", SOURCE, spelling)

    assert 2 == done.code
    assert "TO_URL: must not be the same storage as FROM_URL" in done.err


def test_a_missing_source_is_not_created(rentomatic: CommandLine) -> None:
    done = rentomatic("copy", "sqlite:///typo.db", "sqlite:///copy.db")

    assert (done.code, done.out) == (4, "")
    assert "typo.db" in done.err
    assert not Path("typo.db").exists()
    assert not Path("copy.db").exists()


def test_an_error_names_its_storage(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room())
    shutil.copy(storage.path, "older.db")
    with sqlite3.connect("older.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    older, away = "sqlite:///older.db", "postgresql://ann:hunter2@127.0.0.1:1/rooms"

    assert rentomatic("copy", older, "memory:").err.endswith("run `rentomatic migrate`. (older.db)\n")
    assert rentomatic("copy", SOURCE, older).err.endswith("run `rentomatic migrate`. (older.db)\n")
    assert rentomatic("copy", away, "memory:").err.endswith("(postgresql://127.0.0.1:1/rooms)\n")
    assert rentomatic("copy", SOURCE, away).err.endswith("(postgresql://127.0.0.1:1/rooms)\n")


def test_a_source_that_fails_midway_is_named_and_nothing_is_copied(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put_all(MANY_ROOMS)
    content = bytearray(storage.path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    storage.path.write_bytes(content)

    done = rentomatic("copy", SOURCE, "sqlite:///copy.db")

    assert (done.code, done.out) == (4, "")
    assert done.err.endswith("(rooms.db)\n")
    assert rooms_in("copy.db") == []
