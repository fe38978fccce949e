"""Where the contract's tests get their storage from, and the helpers they share."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.ports import RoomRepository

LONDON = Point(51.5, -0.12)


class Contract:
    """A part of the contract, run on the storage that `empty` creates.

    slow: divides the number of rooms and examples in the large tests.
    """

    slow = 1

    @classmethod
    def empty(cls) -> AbstractContextManager[RoomRepository]:
        """Give an empty repository of its own; close and remove it at the end of the context."""
        raise NotImplementedError

    @classmethod
    def go_every_way(cls, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
        """Set the sizes by which the storage chooses its plan, so that a few rooms exercise every plan."""

    @classmethod
    def prepare(cls, patch: pytest.MonkeyPatch) -> None:
        """Make 120 rooms more than one batch of the storage, and let writers wait a minute."""

    @pytest.fixture
    def repository(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[RoomRepository]:
        """An empty repository."""
        self.prepare(monkeypatch)
        with self.empty() as repository:
            yield repository


def codes_of(repository: RoomRepository, query: RoomQuery) -> list[str]:
    """Return the codes on all pages, in order."""
    return [room.code for page in pages_of(repository, query) for room in page]


def pages_of(repository: RoomRepository, query: RoomQuery) -> Iterator[tuple[Room, ...]]:
    while True:
        page = repository.search(query)
        yield page.rooms
        if not page.more:
            return
        query = replace(query, after=query.position(page.rooms[-1]))


def everything(repository: RoomRepository) -> list[Room]:
    with repository.stream(RoomQuery()) as rooms:
        return list(rooms)
