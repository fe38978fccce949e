"""Backups of a storage that lost most of its rooms: written, reported, and never replacing good ones."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import make_room
from tests.cli.conftest import CommandLine, Outcome, Storage

MANY = [make_room(code=f"r{number:02}") for number in range(10)]


def backups() -> list[str]:
    return sorted(path.name for path in Path("backups").glob("*.gz"))


def remove(storage: Storage, rooms: int) -> None:
    with closing(sqlite3.connect(storage.path)) as connection, connection:
        connection.execute("DELETE FROM room WHERE id IN (SELECT id FROM room LIMIT ?)", (rooms,))


@pytest.fixture
def good(storage: Storage, rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two backups of ten rooms, from earlier days; two are kept."""
    monkeypatch.setenv("RENTOMATIC_BACKUP_KEEP", "2")
    storage.put_all(MANY)
    rentomatic("backup")
    (made,) = backups()
    for days in (1, 2):
        day = datetime.now(UTC) - timedelta(days=days)
        shutil.copy(f"backups/{made}", f"backups/rooms-{day:%Y%m%dT%H%M%SZ}.ndjson.gz")
    Path("backups", made).unlink()
    return backups()


def doctor(rentomatic: CommandLine) -> Outcome:
    return rentomatic("doctor", "--format", "json")


def test_backups_of_many_rooms_survive_any_number_of_nearly_empty_ones(
    rentomatic: CommandLine, storage: Storage, good: list[str]
) -> None:
    remove(storage, 6)
    nights = [rentomatic("backup") for _ in range(3)]
    verified = rentomatic("backup", "--verify")

    for night in (*nights, verified):
        assert night.code == 1
        assert "4 rooms, checksum" in night.out
        assert f"Error: Only 4 of 10 rooms remain since {good[-1]}." in night.err
        assert f"`rentomatic restore backups/{good[-1]} --yes`" in night.err
        assert "No backup was removed." in night.err
    assert (good, 6) == (backups()[:2], len(backups()))


def test_rooms_removed_on_purpose_are_reported_once(
    rentomatic: CommandLine, storage: Storage, good: list[str]
) -> None:
    remove(storage, 6)
    rentomatic("backup")
    meant = rentomatic("backup", "--fewer-rooms")
    then = rentomatic("backup")
    remove(storage, 3)
    again = rentomatic("backup")

    assert (0, 0, "") == (meant.code, then.code, then.err)
    assert not set(good) & set(backups())
    assert (1, True) == (again.code, "Only 1 of 4 rooms remain" in again.err)


def test_losing_half_of_the_rooms_is_not_reported(
    rentomatic: CommandLine, storage: Storage, good: list[str]
) -> None:
    remove(storage, 5)
    done = rentomatic("backup")

    assert (0, "") == (done.code, done.err)
    assert [good[-1]] == backups()[:-1]


def test_a_damaged_backup_is_not_compared(rentomatic: CommandLine, storage: Storage, good: list[str]) -> None:
    for name in good:
        Path("backups", name).write_bytes(b"damaged")
    remove(storage, 9)

    assert 0 == rentomatic("backup").code


def test_restored_rooms_are_backed_up_as_before(
    rentomatic: CommandLine, storage: Storage, good: list[str]
) -> None:
    remove(storage, 10)
    lost = rentomatic("backup")
    restored = rentomatic("restore", f"backups/{good[-1]}", "--yes")
    done = rentomatic("backup")

    assert [1, 0, 0] == [lost.code, restored.code, done.code]
    assert MANY == storage.rooms()


def test_a_backup_to_a_chosen_file_leaves_the_directory_alone(
    rentomatic: CommandLine, storage: Storage, good: list[str]
) -> None:
    remove(storage, 9)
    done = rentomatic("backup", "-o", "own.gz")
    refused = rentomatic("backup", "-o", "own.gz", "--fewer-rooms")

    assert (0, 2) == (done.code, refused.code)
    assert good == backups()


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("removed", "code", "said"),
    [(5, 0, "at least half of the 10 in rooms-"), (6, 1, "Only 4 of 10 rooms remain since rooms-")],
)
def test_doctor_compares_the_rooms_with_the_backups(
    rentomatic: CommandLine, storage: Storage, good: list[str], removed: int, code: int, said: str
) -> None:
    remove(storage, removed)
    done = doctor(rentomatic)
    rentomatic("backup")
    next_morning = doctor(rentomatic)

    assert (code, code) == (done.code, next_morning.code)
    assert said in done.out
    assert said in next_morning.out


@pytest.mark.parametrize("kind", ["postgres", "mongo"])
def test_rooms_lost_on_servers_are_reported_too(
    rentomatic: CommandLine,
    storage: Storage,
    kind: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage.put_all(MANY)
    url = request.getfixturevalue(f"{kind}_url")
    monkeypatch.setenv("DATABASE_URL", url)
    rentomatic("migrate")
    rentomatic("copy", "sqlite:///rooms.db", url)
    before = rentomatic("backup")
    for room in MANY[:6]:
        rentomatic("remove", room.code, "--yes")
    done = rentomatic("backup")

    assert (0, 1) == (before.code, done.code)
    assert "Only 4 of 10 rooms remain" in done.err


def test_backups_of_another_storage_are_not_compared_and_not_removed(
    rentomatic: CommandLine, storage: Storage, good: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")
    storage.put_all(MANY[:1])
    done = [rentomatic("backup", "--keep", "1") for _ in range(2)]
    healthy = doctor(rentomatic)

    assert [0, 0] == [each.code for each in done]
    assert good == backups()[:2]
    assert 3 == len(backups())
    assert "at least half of the 1 in rooms-" in healthy.out
