"""The directory of backups."""

import fcntl
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rentomatic.repository.backups import backups_in, new_backup, newest_backup, remove_old, whole_file

TAKEN = datetime(2026, 11, 22, 17, 20, 13, tzinfo=UTC)
NAME = "rooms-20261122T172013Z.ndjson.gz"


def backup(directory: Path, taken: datetime = TAKEN, content: bytes = b"whole") -> Path:
    with new_backup(directory, taken) as (path, file):
        file.write(content)
    return path


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_backup_is_named_by_its_time_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "backups"

    path = backup(directory)

    assert directory / NAME == path
    assert (0o700, 0o600) == (directory.stat().st_mode & 0o777, path.stat().st_mode & 0o777)
    assert (path.read_bytes(), names(directory)) == (b"whole", [NAME])


def test_the_time_zone_does_not_affect_the_name(tmp_path: Path) -> None:
    assert backup(tmp_path, datetime.fromisoformat("2026-11-22T18:20:13+01:00")).name == NAME


def test_a_backup_gets_its_name_only_when_complete(tmp_path: Path) -> None:
    with new_backup(tmp_path, TAKEN) as (path, file):
        file.write(b"half")

        assert names(tmp_path) == [f"{NAME}.part"]
        assert newest_backup(tmp_path) is None
    assert [path] == [found.path for found in backups_in(tmp_path)]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, FileExistsError])
def test_a_failed_backup_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), new_backup(tmp_path, TAKEN) as (_, file):
        file.write(b"half")
        raise error

    assert names(tmp_path) == []


def test_two_backups_in_one_second_do_not_overwrite_each_other(tmp_path: Path) -> None:
    first, second = backup(tmp_path, content=b"1"), backup(tmp_path, content=b"2")

    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert [second, first] == [found.path for found in backups_in(tmp_path)]


def test_concurrent_backups_each_get_a_name(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda n: backup(tmp_path, content=b"%d" % n), range(40)))

    assert [b"%d" % number for number in range(40)] == [path.read_bytes() for path in paths]
    assert len(set(paths)) == len(names(tmp_path)) == 40


def test_a_temporary_file_is_never_shared_by_two_writers(tmp_path: Path) -> None:
    with ExitStack() as both:
        first, one = both.enter_context(new_backup(tmp_path, TAKEN))
        second, other = both.enter_context(new_backup(tmp_path, TAKEN))
        one.write(b"1")
        other.write(b"2")

    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")


def test_files_of_a_killed_process_are_removed_by_the_next(tmp_path: Path) -> None:
    left = [f"{NAME}.part", "rooms-20250101T000000Z.ndjson.gz.part"]
    others = ["rooms.ndjson.gz.part", f"my-{NAME}.part", f"{NAME}.part.txt", f"{NAME}.tmp", "part"]
    for name in (*left, *others):
        (tmp_path / name).write_bytes(b"half")

    backup(tmp_path)

    assert sorted([NAME, *others]) == names(tmp_path)


def test_files_of_a_running_process_are_left_alone(tmp_path: Path) -> None:
    part = tmp_path / "rooms-20250101T000000Z.ndjson.gz.part"
    with part.open("wb") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        backup(tmp_path)
        beside = names(tmp_path)
    backup(tmp_path, TAKEN + timedelta(hours=1))

    assert beside == [part.name, NAME]
    assert len(names(tmp_path)) == 2
    assert not part.exists()


def test_only_backups_are_listed_newest_first(tmp_path: Path) -> None:
    for hours in (1, 3, 2):
        backup(tmp_path, TAKEN + timedelta(hours=hours), b"x" * hours)
    for name in ("rooms.ndjson.gz", f"{NAME}.bak", "rooms-20261322T172013Z.ndjson.gz", f"{NAME}.part"):
        (tmp_path / name).touch()
    (tmp_path / "rooms-20260101T000000Z.ndjson.gz").mkdir()
    (tmp_path / "rooms-20260102T000000Z.ndjson.gz").symlink_to(tmp_path / "rooms.ndjson.gz")

    found = backups_in(tmp_path)

    assert [3, 2, 1] == [each.size for each in found]
    assert [TAKEN + timedelta(hours=hours) for hours in (3, 2, 1)] == [each.taken for each in found]
    assert found[0] == newest_backup(tmp_path)
    assert timedelta(hours=1) == found[0].age(TAKEN + timedelta(hours=4))


def test_a_missing_directory_has_no_backups(tmp_path: Path) -> None:
    assert (backups_in(tmp_path / "no"), newest_backup(tmp_path / "no")) == ([], None)


def test_only_the_newest_backups_are_kept_and_other_files_stay(tmp_path: Path) -> None:
    paths = [backup(tmp_path, TAKEN + timedelta(days=day)) for day in range(5)]
    others = [tmp_path / name for name in ("notes.txt", "rooms-old.ndjson.gz", f"{NAME}.part")]
    for other in others:
        other.touch()

    removed = remove_old(backups_in(tmp_path), 2, but=paths[-1])

    assert paths[2::-1] == removed
    assert sorted([*paths[3:], *others]) == sorted(tmp_path.iterdir())


def test_the_current_backup_is_kept_even_if_the_clock_was_set_back(tmp_path: Path) -> None:
    later = [backup(tmp_path, TAKEN + timedelta(days=day)) for day in (1, 2)]
    now = backup(tmp_path)

    removed = remove_old(backups_in(tmp_path), 1, but=now)

    assert later[:1] == removed
    assert now.exists()


def test_a_file_of_any_name_is_complete_or_absent(tmp_path: Path) -> None:
    path, left = tmp_path / "my [1].gz", tmp_path / "my [1].gz.0123abcd.part"
    path.write_bytes(b"old")
    left.write_bytes(b"half")

    with pytest.raises(RuntimeError), whole_file(path) as file:
        file.write(b"new")
        raise RuntimeError
    before = path.read_bytes()
    with whole_file(path) as file:
        file.write(b"new")

    assert (before, path.read_bytes(), names(tmp_path)) == (b"old", b"new", [path.name])


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"), new_backup(tmp_path / "file" / "backups", TAKEN):
        pass
    with pytest.raises(OSError, match="nowhere"), whole_file(tmp_path / "nowhere" / "a.gz"):
        pass
