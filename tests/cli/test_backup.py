"""backup and restore, on every storage that outlives the process."""

import gzip
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rentomatic.bootstrap import open_repository, scratch
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.sqlite.backend import SqliteBackend
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers.backup import read
from rentomatic.settings import read_settings
from rentomatic.use_cases.errors import RepositoryUnavailable
from tests.bare import bare
from tests.builders import make_room
from tests.cli.conftest import MANY_ROOMS, CommandLine, Storage

COMMAND = [sys.executable, "-m", "rentomatic"]
LIMIT = 60.0
NAME = re.compile(r"rooms-\d{8}T\d{6}Z\.ndjson\.gz")
FEW = [make_room(), make_room(code="b1", size=None), make_room(code="c1", price=0)]


@pytest.fixture(params=["sqlite", "postgres", "mongo"])
def lasting(request: pytest.FixtureRequest, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """The storage named by the environment, of each kind in turn, with its schema and no rooms."""
    if request.param != "sqlite":
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue(f"{request.param}_url"))
        request.getfixturevalue("rentomatic")("migrate")
    return storage


def backups() -> list[Path]:
    return sorted(Path("backups").iterdir())


def rooms_in(path: Path) -> list[Room]:
    return list(read(io.BytesIO(path.read_bytes()), str(path)))


def write_damaged(path: Path) -> None:
    """Write a backup whose last room has a changed price."""
    lines = gzip.decompress(backups()[-1].read_bytes()).splitlines(keepends=True)
    lines[-2] = re.sub(rb'"price":\d+', b'"price":7', lines[-2])
    path.write_bytes(gzip.compress(b"".join(lines)))


@pytest.mark.parametrize("rooms", [[], FEW, MANY_ROOMS], ids=len)
def test_a_backup_restores_all_rooms(rentomatic: CommandLine, lasting: Storage, rooms: list[Room]) -> None:
    lasting.put_all(rooms)

    made = rentomatic("backup")
    lasting.put(make_room(code="new"), *(make_room(code=room.code, price=7) for room in rooms[:2]))
    back = rentomatic("restore", "latest", "--yes")

    (path,) = backups()
    assert (0, "", 0, "") == (made.code, made.err, back.code, back.err)
    assert f"{len(rooms):,} rooms, checksum " in made.out
    assert str(path) in made.out
    assert NAME.fullmatch(path.name)
    assert rooms == rooms_in(path) == lasting.rooms()
    replaced = min(2, len(rooms))
    assert f"0 added, {replaced} replaced, {len(rooms) - replaced:,} unchanged, 1 removed." in back.out
    assert back.out.endswith("Both contain the same rooms.\n")


def test_a_backup_is_verified_in_a_scratch_storage(rentomatic: CommandLine, lasting: Storage) -> None:
    lasting.put_all(FEW)

    made = rentomatic("backup", "--verify")
    again = rentomatic("restore", "--verify", "latest")

    for done in (made, again):
        assert (done.code, done.err) == (0, "")
        said, checksum = "3 rooms, checksum", made.out.split()[3].rstrip(":")
        assert (
            f"{said} {checksum}: a scratch storage, since dropped\nBoth contain the same rooms." in done.out
        )
    assert lasting.rooms() == FEW


def test_a_backup_that_fails_verification_is_set_aside(
    rentomatic: CommandLine, lasting: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting.put_all(FEW)
    monkeypatch.setattr("rentomatic.cli.commands.backup.restored_for_trial", lambda *_: 1)

    made = rentomatic("backup", "--verify")
    listed = rentomatic("backup", "--list")

    assert (1, True) == (made.code, ".ndjson.gz.unverified" in made.err)
    assert "There are no backups in" in listed.out


@pytest.mark.usefixtures("lasting")
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_scratch_storage_has_the_schema_and_is_removed_whatever_happens(error: type[BaseException]) -> None:
    settings = read_settings(os.environ)
    with pytest.raises(error), scratch(settings) as trial:
        with closing(open_repository(trial)) as repository:
            repository.load(FEW)
            assert repository.count(RoomQuery()) == 3
        raise error

    with closing(open_repository(settings)) as repository:
        assert repository.count(RoomQuery()) == 0
    if isinstance(trial.database, SqliteBackend):
        assert not trial.database.path.parent.exists()
        return
    with (
        closing(open_repository(trial)) as repository,
        pytest.raises(RepositoryUnavailable),
    ):
        repository.ping()


@pytest.mark.parametrize("kind", ["postgres", "mongo"])
def test_a_backup_may_be_restored_into_another_kind_of_storage(
    request: pytest.FixtureRequest,
    rentomatic: CommandLine,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    storage.put_all(FEW)
    rentomatic("backup")
    monkeypatch.setenv("DATABASE_URL", request.getfixturevalue(f"{kind}_url"))
    missing = rentomatic("restore", backups()[0].name)
    rentomatic("migrate")

    done = rentomatic("restore", backups()[0].name)

    assert missing.code == 4
    assert "run `rentomatic migrate`" in missing.err
    assert (done.code, done.err) == (0, "")
    assert storage.rooms() == FEW


def test_a_backup_shows_one_moment_while_others_write(rentomatic: CommandLine, lasting: Storage) -> None:
    lasting.put_all(MANY_ROOMS[:300])
    settings, done = read_settings(os.environ), threading.Event()

    def write() -> None:
        with closing(open_repository(settings)) as repository:
            for number in range(10_000):
                if done.is_set():
                    return
                # Both or neither appear: one is read first, the other last.
                repository.load([make_room(code=f"0-{number:05}"), make_room(code=f"z-{number:05}")])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        codes = [rentomatic("backup").code for _ in range(3)]
    finally:
        done.set()
        writer.join(LIMIT)

    assert codes == [0, 0, 0]
    found = [[room.code for room in rooms_in(path)] for path in backups()]
    for rooms in found:
        assert [c[2:] for c in rooms if c.startswith("0-")] == [c[2:] for c in rooms if c.startswith("z-")]
    assert len(found[0]) < len(found[-1])


def test_storage_with_rooms_is_left_alone_without_confirmation(
    rentomatic: CommandLine, lasting: Storage
) -> None:
    lasting.put_all(FEW)
    rentomatic("backup")
    lasting.put(make_room(code="new"))

    done = rentomatic("restore", "latest")

    assert done.code == 2
    assert f"{done.storage} has 4 rooms. They will be replaced by 3 rooms from the backup." in done.err
    assert len(lasting.rooms()) == 4


def test_a_damaged_backup_changes_nothing(rentomatic: CommandLine, lasting: Storage) -> None:
    lasting.put_all(FEW)
    rentomatic("backup")
    lasting.put(make_room(code="new"))
    before = lasting.rooms()
    write_damaged(Path("bad.gz"))

    for arguments in (["bad.gz", "--yes"], ["--verify", "bad.gz"]):
        done = rentomatic("restore", *arguments)

        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("Error: bad.gz is damaged or not a backup: it says 3 rooms, ")
    assert before == lasting.rooms()


def test_only_a_valid_backup_creates_a_missing_sqlite_file(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put_all(FEW)
    rentomatic("backup")
    write_damaged(Path("bad.gz"))
    monkeypatch.setenv("DATABASE_URL", "sqlite:///new.db")

    damaged, made_by_it = rentomatic("restore", "bad.gz"), Path("new.db").exists()
    sound = rentomatic("restore", backups()[0].name)

    assert (damaged.code, made_by_it, sound.code) == (1, False, 0)
    assert storage.rooms() == FEW


def test_a_newer_format_is_refused_by_name(rentomatic: CommandLine, storage: Storage) -> None:
    Path("new.gz").write_bytes(gzip.compress(b'{"backup":{"format":3,"version":"9.1"}}\n'))

    done = rentomatic("restore", "new.gz")

    assert (done.code, done.out) == (1, "")
    assert "new.gz is a backup in format 3, written by version 9.1; this program knows format 2" in done.err
    assert storage.rooms() == []


def test_a_backup_from_standard_input_is_checked_before_it_is_restored(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put_all(FEW)
    rentomatic("backup")
    content = backups()[0].read_bytes()
    storage.put(make_room(code="new"))

    cut = rentomatic("restore", "-", "--yes", stdin=content[:-1])
    rooms_then = len(storage.rooms())
    whole = rentomatic("restore", "-", "--yes", stdin=content)

    assert (cut.code, rooms_then) == (1, 4)
    assert cut.err.startswith("Error: standard input is damaged or not a backup: ")
    assert whole.code == 0
    assert storage.rooms() == FEW


def test_a_backup_may_go_to_a_chosen_file(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put_all(FEW)
    Path("my.gz").write_bytes(b"old")

    done = rentomatic("backup", "-o", "my.gz", "--yes")

    assert (done.code, done.err) == (0, "")
    assert (rooms_in(Path("my.gz")), 0o600) == (FEW, Path("my.gz").stat().st_mode & 0o777)
    assert not Path("backups").exists()


def test_a_backup_may_go_to_standard_output(storage: Storage) -> None:
    storage.put_all(FEW)

    done = subprocess.run([*COMMAND, "backup", "-o", "-"], capture_output=True, timeout=LIMIT, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert FEW == list(read(io.BytesIO(done.stdout), "-"))


@pytest.mark.usefixtures("storage")
def test_only_the_newest_backups_are_kept_and_nothing_else_is_removed(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rentomatic("backup")
    Path("backups/notes.txt").touch()
    oldest = [f"rooms-2020010{day}T000000Z.ndjson.gz" for day in (1, 2, 3)]
    for name in oldest:
        shutil.copy(backups()[-1], Path("backups") / name)

    monkeypatch.setenv("RENTOMATIC_BACKUP_KEEP", "4")
    four = rentomatic("backup")
    one = rentomatic("backup", "--keep", "1")

    assert f"Removed all but the newest 4: {oldest[0]}\n" in four.out
    assert one.out.partition("Removed all but the newest 1: ")[2].count(".ndjson.gz") == 4
    assert ["notes.txt"] == [path.name for path in backups() if not NAME.fullmatch(path.name)]
    assert len(backups()) == 2


def test_the_list_of_backups_shows_their_content(rentomatic: CommandLine, storage: Storage) -> None:
    none = rentomatic("backup", "--list")
    storage.put_all(sample_rooms(2500))
    rentomatic("backup")
    day_before = datetime.now(UTC) - timedelta(hours=25)
    older = Path(f"backups/rooms-{day_before:%Y%m%dT%H%M%SZ}.ndjson.gz")
    older.write_bytes(backups()[0].read_bytes()[:-1])

    done = rentomatic("backup", "--list")

    assert (none.code, none.out) == (0, "There are no backups in backups.\n")
    assert (done.code, done.err) == (0, "")
    lines = [" ".join(line.split()) for line in done.out.splitlines() if ".ndjson.gz" in line]
    assert "just now 0.2 MB 2,500 /" in lines[0]
    assert lines[1] == f"{older.name} 1 day 0.2 MB damaged unknown"
    assert str(storage.path.resolve()) in "".join(done.out.split())  # a long one is folded


def test_a_name_from_the_list_can_be_restored(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENTOMATIC_BACKUP_DIRECTORY", "kept/here")
    storage.put(make_room())
    rentomatic("backup")
    (name,) = [each.name for each in Path("kept/here").iterdir()]
    storage.path.unlink()
    done = rentomatic("restore", name)

    assert (0, True) == (done.code, f"kept/here/{name}\n" in done.out)
    assert [make_room()] == storage.rooms()


def test_a_file_in_the_current_folder_takes_precedence_over_a_backup(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put(make_room())
    rentomatic("backup", "--verify")
    name = backups()[0].name
    Path(name).write_bytes(b"none")
    done = rentomatic("restore", "--verify", name)

    assert (1, True) == (done.code, f"{name} is damaged or not a backup" in done.err)


def test_hidden_characters_in_a_backup_are_spelled_out(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room())
    rentomatic("backup")
    name = str(storage.path.resolve()).encode()
    content = gzip.decompress(backups()[0].read_bytes()).replace(name, b"\\u001b[2J")
    Path("strange.gz").write_bytes(gzip.compress(content))

    done = rentomatic("restore", "--verify", "strange.gz")

    assert (0, True) == (done.code, "from <U+001B>[2J: strange.gz" in done.out)


def back_up_and_turn_to_another(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back up a room of rooms.db, then let commands act on other.db."""
    storage.put(make_room())
    rentomatic("backup")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")


def test_latest_is_never_a_backup_of_another_storage(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up_and_turn_to_another(rentomatic, storage, monkeypatch)
    storage.put(make_room(code="other"))

    refused = rentomatic("restore", "latest", "--yes")
    kept = [room.code for room in storage.rooms()]
    named = rentomatic("restore", backups()[0].name, "--yes")

    assert (1, ["other"]) == (refused.code, kept)
    rooms, other = storage.path.resolve(), storage.path.resolve().with_name("other.db")
    assert f"The latest backup is of {rooms}, not of {other}. Nothing was changed." in refused.err
    assert f"name it: `rentomatic restore {backups()[0].name}`" in refused.err
    assert 0 == named.code
    assert [make_room()] == storage.rooms()


def test_latest_ignores_newer_backups_of_other_storages(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up_and_turn_to_another(rentomatic, storage, monkeypatch)
    storage.put(make_room(code="other"))
    rentomatic("backup")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///rooms.db")
    rentomatic("remove", "a1", "--yes")
    done = rentomatic("restore", "latest", "--yes")

    assert 0 == done.code
    assert [make_room()] == storage.rooms()


def test_latest_is_of_the_same_file_however_its_path_is_written(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(make_room())
    rentomatic("backup")
    (storage.path.parent / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    monkeypatch.setenv("RENTOMATIC_BACKUP_DIRECTORY", "../backups")
    restored = []
    for url in (f"sqlite:///{storage.path}", "sqlite:///../rooms.db"):
        monkeypatch.setenv("DATABASE_URL", url)
        restored.append(rentomatic("restore", "latest", "--yes").code)

    assert [0, 0] == restored


@pytest.mark.parametrize("name", ["rooms.csv", "rooms.csv.gz", "rooms.ndjson.gz"])
def test_a_listing_is_not_restored_but_meant_for_import(
    rentomatic: CommandLine, storage: Storage, name: str
) -> None:
    storage.put(make_room())
    rentomatic("export", "-o", name)

    refused = rentomatic("restore", name, "--yes")

    assert (1, "") == (refused.code, refused.out)
    assert "if it is a listing, such as an export, load it with `rentomatic import`." in refused.err
    assert [make_room()] == storage.rooms()


def test_latest_backup_of_another_storage_can_still_be_verified(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up_and_turn_to_another(rentomatic, storage, monkeypatch)

    assert 0 == rentomatic("restore", "latest", "--verify").code


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("restore nowhere.gz", 1, "nowhere.gz"),
        ("restore latest", 1, "There are no backups in backups."),
        (
            "restore rooms.db",
            1,
            "rooms.db is damaged or not a backup: it is no gzip file; if it is a listing",
        ),
        ("restore --yes --verify latest", 2, "--verify"),
        ("restore", 2, "FILE"),
        ("backup -o - --verify", 2, "restore --verify"),
        ("backup --keep 0", 2, "--keep"),
        ("backup --keep 3 -o rooms.gz", 2, "--keep"),
        ("backup -o rooms.db", 2, "rooms.db is the file that stores the rooms"),
        ("backup -o /dev/null --verify", 2, "/dev/null is not a regular file, so --verify cannot read it"),
        ("backup -o nowhere/rooms.gz", 1, "nowhere/rooms.gz cannot be written: No such file or directory"),
    ],
)
def test_errors_are_reported(rentomatic: CommandLine, line: str, code: int, said: str) -> None:
    done = rentomatic(*line.split())

    assert (code, "") == (done.code, done.out)
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("line", ["backup", "restore latest"])
def test_rooms_in_memory_are_refused(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", "memory:")

    done = rentomatic(*line.split())

    assert (done.code, done.out) == (2, "")
    assert "DATABASE_URL: must be a storage that lasts" in done.err


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("line", ["backup", "backup --verify", "backup -o -"])
def test_a_missing_storage_is_not_created(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///typo.db")

    done = rentomatic(*line.split())

    assert (done.code, done.out) == (4, "")
    assert "typo.db" in done.err
    assert not Path("typo.db").exists()
    assert not Path("backups").exists() or backups() == []


@pytest.mark.usefixtures("storage")
def test_an_unwritable_directory_is_reported(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENTOMATIC_BACKUP_DIRECTORY", "rooms.db/backups")

    done = rentomatic("backup")

    assert (done.code, done.out) == (1, "")
    assert done.err == "Error: rooms.db/backups cannot be written: Not a directory\n"


def test_a_full_disk_leaves_the_backups_as_they_were(storage: Storage, rentomatic: CommandLine) -> None:
    rentomatic("backup")
    before = backups()
    storage.put_all(sample_rooms(10_000))

    # A limit on the size of files simulates a full disk.
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 100; exec "$@"', "sh", *COMMAND, "backup", "--keep", "1"],
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"Storage: rooms.db\nError: backups cannot be written: File too large\n"
    assert before == backups()


def wait_for(condition: Callable[[], Any], running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert running.poll() is None, "it ended too soon"
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture(scope="module")
def large_file(empty_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with enough rooms to stop a backup midway, for copying."""
    path = Path(shutil.copy(empty_file, tmp_path_factory.mktemp("large")))
    with closing(open_repository(read_settings({"DATABASE_URL": f"sqlite:///{path}"}))) as repository:
        repository.load(bare(sample_rooms(30_000)))
    return path


@pytest.fixture
def large(large_file: Path, storage: Storage) -> None:
    """Rooms whose backup takes a while."""
    shutil.copy(large_file, storage.path)
    Path("backups").mkdir()


def stopped_while_writing(sign: signal.Signals) -> int:
    """Return the exit code of a backup that gets the signal midway."""
    before = set(backups())

    def part_is_there() -> bool:
        return any(path.suffix == ".part" and path.stat().st_size for path in set(backups()) - before)

    with subprocess.Popen([*COMMAND, "backup"], stderr=subprocess.DEVNULL) as running:
        wait_for(part_is_there, running)
        running.send_signal(sign)
    return running.returncode


@pytest.mark.usefixtures("large")
def test_a_killed_backup_leaves_only_a_temporary_file_that_the_next_one_removes(
    rentomatic: CommandLine,
) -> None:
    code = stopped_while_writing(signal.SIGKILL)
    (left,) = backups()
    latest = rentomatic("restore", "latest")
    done = rentomatic("backup")

    assert (-9, ".part", 1, 0) == (code, left.suffix, latest.code, done.code)
    assert [True] == [bool(NAME.fullmatch(path.name)) for path in backups()]


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_backup_leaves_nothing_behind(sign: signal.Signals) -> None:
    assert stopped_while_writing(sign) == 130
    assert backups() == []
