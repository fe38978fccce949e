"""A restore leaves exactly the rooms of a backup in a storage."""

from collections.abc import Iterator

import pytest

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.copy_rooms import TargetNotEmpty
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts
from rentomatic.use_cases.restore_rooms import restore_rooms
from tests.builders import make_room


def rooms_of(repository: MemRepo) -> list[Room]:
    with repository.stream(RoomQuery()) as rooms:
        return list(rooms)


def test_an_empty_storage_is_filled() -> None:
    target = MemRepo()

    report = restore_rooms([make_room()], target)

    assert (True, LoadCounts(added=1)) == (report.identical, report.counts)
    assert [make_room()] == rooms_of(target)


def test_a_storage_with_rooms_is_left_alone_and_counted() -> None:
    present = [make_room(code="a"), make_room(code="b")]
    target = MemRepo(present)

    with pytest.raises(TargetNotEmpty, match="already has 2 rooms: nothing was restored"):
        restore_rooms([make_room()], target)

    assert present == rooms_of(target)


def test_a_forced_restore_leaves_only_the_rooms_of_the_backup() -> None:
    target = MemRepo([make_room(code="a", price=1), make_room(code="b"), make_room(code="old")])
    backup = [make_room(code="a"), make_room(code="b"), make_room(code="c")]

    report = restore_rooms(backup, target, replace=True)

    assert LoadCounts(added=1, replaced=1, unchanged=1, removed=1) == report.counts
    assert report.identical
    assert backup == rooms_of(target)


def test_a_forced_restore_of_no_rooms_empties_the_storage() -> None:
    target = MemRepo([make_room()])

    assert restore_rooms([], target, replace=True).identical
    assert rooms_of(target) == []


def test_a_backup_found_to_be_damaged_changes_nothing() -> None:
    def rooms() -> Iterator[Room]:
        yield make_room()
        raise RepositoryUnavailable("damaged")

    target = MemRepo([make_room(code="old")])

    with pytest.raises(RepositoryUnavailable, match="damaged"):
        restore_rooms(rooms(), target, replace=True)

    assert [make_room(code="old")] == rooms_of(target)
