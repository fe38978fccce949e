"""SQLite files created on first use, completely or not at all, and files that exist but are empty."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

import pytest

from rentomatic import bootstrap
from rentomatic.repository.backend import MadeMeanwhile
from rentomatic.repository.sqlite import files
from rentomatic.repository.sqlite.backend import SqliteBackend
from rentomatic.repository.sqlite.files import new_file
from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage, at_once
from tests.servers import free_port
from tests.servers import rentomatic as serving_rentomatic

LIMIT = 300.0
COMMAND = [sys.executable, "-m", "rentomatic"]
EMPTY = "The file of the storage exists but is empty. Restore a backup with `rentomatic restore`, or start "


def no_bytes(path: Path) -> None:
    path.write_bytes(b"")


def no_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


READING = ("search", "summary", "show a1", "export", "export -o all.csv", "remove a1 --yes", "backup")


@pytest.mark.parametrize("line", [*READING, "copy sqlite:///rooms.db memory:"])
def test_missing_file_is_not_made_by_what_only_reads(
    rentomatic: CommandLine, storage: Storage, tmp_path: Path, line: str
) -> None:
    storage.path.unlink()
    done = rentomatic(*line.split())

    advice = "check its path, or make it with `rentomatic import` or `rentomatic migrate`."
    assert (4, "", f"Error: There is no rooms.db: {advice} (rooms.db)\n") == (done.code, done.out, done.err)
    assert {} == contents(tmp_path)


def test_import_of_what_is_no_listing_makes_no_file(rentomatic: CommandLine, storage: Storage) -> None:
    storage.path.unlink()
    Path("no.csv").write_text("code,price\na1,60\n")

    done = rentomatic("import", "no.csv")

    assert (done.code, storage.path.exists()) == (2, False)


def test_preview_of_an_import_makes_no_file(
    rentomatic: CommandLine, storage: Storage, tmp_path: Path
) -> None:
    storage.path.unlink()
    listing = b"code,size,price,latitude,longitude\na1,20,60,51.5,-0.12\n"
    preview = rentomatic("import", "-", "--dry-run", stdin=listing)
    left = list(tmp_path.iterdir())
    done = rentomatic("import", "-", stdin=listing)

    assert (0, True, []) == (preview.code, preview.out.startswith("1 would be added"), left)
    assert (0, [make_room()]) == (done.code, storage.rooms())


EMPTIED = pytest.mark.parametrize("emptied", [no_bytes, no_tables])


@EMPTIED
@pytest.mark.parametrize(
    "line",
    [
        "search",
        "summary",
        "export",
        "show a1",
        "add --price 3 --latitude 1 --longitude 1",
        "import -",
        "backup",
    ],
)
def test_an_empty_file_is_refused(
    rentomatic: CommandLine, storage: Storage, emptied: Callable[[Path], None], line: str
) -> None:
    emptied(storage.path)
    before = storage.path.read_bytes()

    first = rentomatic(*line.split(), stdin=b"code,price,latitude,longitude\na1,1,2,3\n")
    second = rentomatic(*line.split(), stdin=b"code,price,latitude,longitude\na1,1,2,3\n")

    assert (4, "", 4) == (first.code, first.out, second.code)
    assert first.err == f"Error: {EMPTY}without rooms with `rentomatic migrate`. (rooms.db)\n" == second.err
    assert before == storage.path.read_bytes()


@EMPTIED
def test_a_backup_of_an_empty_file_removes_no_older_backup(
    rentomatic: CommandLine,
    storage: Storage,
    emptied: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RENTOMATIC_BACKUP_KEEP", "1")
    storage.put(make_room())
    rentomatic("backup")
    kept = list(Path("backups").iterdir())
    emptied(storage.path)
    failed = rentomatic("backup")

    assert (4, kept) == (failed.code, list(Path("backups").iterdir()))


@EMPTIED
def test_doctor_says_what_to_do_about_an_empty_file(
    rentomatic: CommandLine, storage: Storage, emptied: Callable[[Path], None]
) -> None:
    emptied(storage.path)

    done = rentomatic("doctor", "--format", "json")

    assert (1, True) == (done.code, EMPTY in done.out)


@EMPTIED
def test_a_backup_can_be_restored_into_an_empty_file(
    rentomatic: CommandLine, storage: Storage, emptied: Callable[[Path], None]
) -> None:
    storage.put(make_room())
    rentomatic("backup")
    emptied(storage.path)
    done = rentomatic("restore", "latest")

    assert (0, "") == (done.code, done.err)
    assert [make_room()] == storage.rooms()


@EMPTIED
def test_a_migration_turns_an_empty_file_into_an_empty_storage(
    rentomatic: CommandLine, storage: Storage, emptied: Callable[[Path], None]
) -> None:
    emptied(storage.path)
    done = rentomatic("migrate")

    assert (0, True) == (done.code, done.out.startswith("The schema was empty and is now "))
    assert [] == storage.rooms()


@EMPTIED
@pytest.mark.parametrize("options", [[], ["--sample"]])
def test_a_server_does_not_start_on_an_empty_file(
    storage: Storage, emptied: Callable[[Path], None], options: list[str]
) -> None:
    emptied(storage.path)
    done = subprocess.run(
        [*COMMAND, "serve", "--port", str(free_port()), *options],
        env={**os.environ, "RENTOMATIC_START_TIMEOUT": "0"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )

    assert (4, True) == (done.returncode, EMPTY in done.stderr)


def test_a_running_server_is_not_ready_after_its_file_was_emptied(storage: Storage, tmp_path: Path) -> None:
    storage.put(make_room())
    with serving_rentomatic(f"sqlite:///{storage.path}", tmp_path / "log") as server:
        before = server.get("/rooms")
        no_bytes(storage.path)
        ready, rooms = server.get("/health/ready"), server.get("/rooms")

    assert (200, 1) == (before.status, len(before.json))
    assert (503, 503) == (ready.status, rooms.status)
    assert EMPTY in ready.json["detail"]


def test_a_killed_first_use_leaves_no_file_and_the_next_one_works(
    rentomatic: CommandLine, storage: Storage, tmp_path: Path
) -> None:
    storage.path.unlink()
    begun = subprocess.Popen([sys.executable, "-c", HANGS, str(storage.path)], stdout=subprocess.PIPE)
    assert begun.stdout
    with begun.stdout:
        assert begun.stdout.readline() == b"half\n"
        half = [each.name for each in tmp_path.iterdir()]
        begun.send_signal(signal.SIGKILL)
        begun.wait(LIMIT)
    done = rentomatic("migrate")

    assert [True] == [name.startswith("rooms.db.new-") for name in half]
    assert 0 == done.code
    assert ["rooms.db"] == [each.name for each in tmp_path.iterdir()]


HANGS = """
import sys, time
from pathlib import Path
from rentomatic.repository.sqlite.files import new_file
with new_file(Path(sys.argv[1])) as path:
    path.write_bytes(b"SQLite format 3")
    print("half", flush=True)
    time.sleep(600)
"""


def test_processes_that_create_a_file_at_once_all_use_it_and_lose_nothing(storage: Storage) -> None:
    storage.path.unlink()
    adding = ["add", "--price", "3", "--latitude", "1", "--longitude", "1", "--code"]
    done = at_once(*([*adding, f"r{number}"] for number in range(3)))

    assert [(0, "Storage: rooms.db\n")] * 3 == [(code, err) for code, _, err in done]
    assert ["r0", "r1", "r2"] == [room.code for room in storage.rooms()]


def test_the_first_of_two_processes_that_create_a_file_wins(tmp_path: Path) -> None:
    path = tmp_path / "rooms.db"
    with pytest.raises(MadeMeanwhile, match="Another process"), new_file(path) as late:
        late.write_text("late")
        with new_file(path) as early:
            early.write_text("early")

    assert "early" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


def test_migrating_a_file_that_another_process_just_created_reports_its_revision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = SqliteBackend(tmp_path / "rooms.db")
    made = bootstrap.migrate(database)
    looked_too_early = iter([True])
    monkeypatch.setattr(files, "is_missing", lambda path: next(looked_too_early))

    again = bootstrap.migrate(database)

    assert made[1] is not None
    assert (made[1], made[1]) == again


def test_a_symbolic_link_is_followed_when_the_file_is_created(
    rentomatic: CommandLine, storage: Storage, tmp_path: Path
) -> None:
    storage.path.unlink()
    (tmp_path / "elsewhere").mkdir()
    storage.path.symlink_to(tmp_path / "elsewhere" / "real.db")

    assert (0, 0) == (rentomatic("migrate").code, rentomatic("search").code)
    assert storage.path.is_symlink()
    assert ["real.db"] == [each.name for each in (tmp_path / "elsewhere").iterdir()]


def leave_a_log(path: Path) -> None:
    """Add a room like a process that is killed before its log is checkpointed."""
    adds = f"""
import os, sqlite3
connection = sqlite3.connect({str(path)!r})
connection.execute("INSERT INTO room (code, price, latitude, longitude) VALUES ('old', 1, 2, 3)")
connection.commit()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", adds], timeout=LIMIT, check=True)


def test_no_file_is_created_beside_the_log_of_a_removed_one(
    rentomatic: CommandLine, storage: Storage, tmp_path: Path
) -> None:
    leave_a_log(storage.path)
    kept = storage.path.rename(tmp_path / "moved.db")
    left = sorted(each.name for each in tmp_path.iterdir())
    refused = [rentomatic("migrate"), rentomatic("search")]
    after = sorted(each.name for each in tmp_path.iterdir())
    kept.rename(storage.path)

    assert [4, 4] == [done.code for done in refused]
    assert refused[0].err.startswith(f"Error: {storage.path} is missing, but the logs of an earlier file")
    assert "Then put the earlier file back in its place, or move" in refused[0].err
    assert left == after
    assert ["old"] == [room.code for room in storage.rooms()]


@contextmanager
def a_killed_server(storage: Storage, log: Path) -> Iterator[None]:
    leave_a_log(storage.path)
    yield


@contextmanager
def a_running_server(storage: Storage, log: Path) -> Iterator[None]:
    """A server that has nothing in its log yet."""
    with serving_rentomatic(f"sqlite:///{storage.path}", log) as server:
        assert 200 == server.get("/rooms").status
        yield


def replaced(path: Path) -> None:
    (path.parent / "new").touch()
    (path.parent / "new").replace(path)


@pytest.mark.parametrize("left_by", [a_killed_server, a_running_server])
@pytest.mark.parametrize("emptied", [no_bytes, replaced])
@pytest.mark.parametrize("line", ["restore latest", "migrate"])
def test_an_empty_file_can_be_filled_once_logs_of_an_earlier_one_are_moved_away(
    rentomatic: CommandLine,
    storage: Storage,
    tmp_path: Path,
    left_by: Callable[[Storage, Path], AbstractContextManager[None]],
    emptied: Callable[[Path], None],
    line: str,
) -> None:
    storage.put(make_room())
    rentomatic("backup")
    with left_by(storage, tmp_path / "server.log"):
        emptied(storage.path)
        before = contents(tmp_path)
        refused = [rentomatic(*line.split()), rentomatic(*line.split()), rentomatic("migrate", "--sql")]
        after = contents(tmp_path)
    path, names = str(storage.path), [f"{storage.path}{end}" for end in ("", "-wal", "-shm")]
    for name in refused[0].err.rpartition(": ")[2].partition(". (")[0].split(", "):
        names.remove(name)
        with suppress(FileNotFoundError):  # its server removed it when it ended
            Path(name).rename(Path("backups", Path(name).name))
    done = rentomatic(*line.split())

    assert [4, 4, 0] == [each.code for each in refused]
    assert f"Error: {path} is empty, but the logs of an earlier file are still beside it: " in refused[0].err
    assert before == after
    assert (0, "", []) == (done.code, done.err, names)
    assert ([make_room()] if line == "restore latest" else []) == storage.rooms()


def contents(folder: Path) -> dict[str, int]:
    """Return the files of the storage, and their sizes."""
    return {each.name: each.stat().st_size for each in folder.glob("rooms.db*")}


def test_printing_a_migration_leaves_an_empty_file_unchanged(
    rentomatic: CommandLine, storage: Storage
) -> None:
    no_bytes(storage.path)
    done = rentomatic("migrate", "--sql")

    assert (0, True) == (done.code, "CREATE TABLE" in done.out)
    assert {"rooms.db": 0} == contents(storage.path.parent)


def test_concurrent_migrations_of_an_empty_file_all_succeed(storage: Storage) -> None:
    no_bytes(storage.path)
    done = at_once(*[["migrate"]] * 4)

    assert [(0, "Storage: rooms.db\n")] * 4 == [(code, err) for code, _, err in done]
