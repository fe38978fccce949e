"""Rooms are added, saved and removed while others change them too."""

from collections.abc import Callable

import pytest

from rentomatic.domain.room import Room
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.add_room import add_room
from rentomatic.use_cases.errors import (
    ConflictError,
    PreconditionFailed,
    RepositoryUnavailable,
    ResourceError,
)
from rentomatic.use_cases.remove_room import remove_room
from rentomatic.use_cases.save_room import save_room
from tests.builders import make_room

UUID = "f853578c-fc0f-4e65-81b8-566c5dffa35a"


class BusyRepo(MemRepo):
    """A storage in which another client changes the room that many times, between each read and write."""

    def __init__(self, room: Room | None, times: int, meanwhile: Callable[[int], Room | None]) -> None:
        super().__init__([room] if room else [])
        self.left = times
        self.meanwhile = meanwhile

    def get(self, code: str) -> Room | None:
        found = super().get(code)
        if self.left:
            self.left -= 1
            super().swap(found, self.meanwhile(self.left))
        return found


def test_a_new_room_is_added() -> None:
    repository = MemRepo()
    add_room(repository, make_room())

    assert make_room() == repository.get("a1")


def test_a_room_with_a_taken_code_is_not_added() -> None:
    repository = MemRepo([make_room()])
    with pytest.raises(ConflictError, match=r"^There is a room a1 already\.$"):
        add_room(repository, make_room(price=1))

    assert make_room() == repository.get("a1")


@pytest.mark.parametrize("old", [None, make_room(), make_room(price=1)], ids=["added", "same", "replaced"])
def test_saving_a_room_adds_or_replaces_it(old: Room | None) -> None:
    repository = MemRepo([old] if old else [])

    assert old == save_room(repository, make_room())
    assert make_room() == repository.get("a1")


def test_a_room_that_is_not_as_expected_is_not_replaced() -> None:
    repository = MemRepo([make_room()])
    with pytest.raises(PreconditionFailed, match=r"^The room a1 exists already\.$"):
        save_room(repository, make_room(price=1), expected=lambda room: room is None)

    assert make_room() == repository.get("a1")


def test_a_concurrent_change_is_read_again() -> None:
    repository = BusyRepo(make_room(), 3, lambda left: make_room(price=left + 1))

    assert make_room(price=1) == save_room(repository, make_room(price=99))
    assert make_room(price=99) == repository.get("a1")


def test_a_concurrent_change_is_not_overwritten() -> None:
    repository = BusyRepo(make_room(), 1, lambda _: make_room(price=1))
    with pytest.raises(PreconditionFailed):
        save_room(repository, make_room(price=99), expected=lambda room: room == make_room())

    assert make_room(price=1) == repository.get("a1")


def test_a_room_that_others_keep_changing_is_given_up() -> None:
    repository = BusyRepo(make_room(), 1000, lambda left: make_room(price=left))
    with pytest.raises(RepositoryUnavailable, match="try again"):
        save_room(repository, make_room())

    assert repository.left > 900


@pytest.mark.parametrize("code", [UUID, UUID.upper()])
def test_a_room_is_removed(code: str) -> None:
    repository = MemRepo([make_room(code=UUID)])

    assert make_room(code=UUID) == remove_room(repository, code)
    assert repository.get(UUID) is None


@pytest.mark.parametrize("code", ["b2", "", "a b", "summary"])
def test_a_missing_room_is_not_removed_whatever_is_expected(code: str) -> None:
    with pytest.raises(ResourceError):
        remove_room(MemRepo([make_room()]), code, expected=lambda _: False)


def test_a_room_that_is_not_as_expected_is_not_removed() -> None:
    repository = MemRepo([make_room()])
    with pytest.raises(PreconditionFailed, match=r"^The room a1 has changed since you read it"):
        remove_room(repository, "a1", expected=lambda _: False)

    assert make_room() == repository.get("a1")


def test_a_room_that_was_removed_concurrently_is_missing() -> None:
    with pytest.raises(ResourceError):
        remove_room(BusyRepo(make_room(), 1, lambda _: None), "a1")
