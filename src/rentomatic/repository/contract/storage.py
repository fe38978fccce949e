"""Where the tests of the contract get a storage from, and what they share."""

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
    """A part of the contract, for the storage that `empty` makes.

    slow: how many times fewer rooms and examples the storage gets where many are needed.
    """

    slow = 1

    @classmethod
    def empty(cls) -> AbstractContextManager[RoomRepository]:
        """An empty repository of its own, which is closed and goes away with the context."""
        raise NotImplementedError

    @classmethod
    def go_every_way(cls, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
        """Set the sizes by which the storage chooses how to search, so that few rooms go every way."""

    @classmethod
    def prepare(cls, patch: pytest.MonkeyPatch) -> None:
        """Let 120 rooms be more than the storage writes or sends at a time, and writers wait a minute."""

    @pytest.fixture
    def repository(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[RoomRepository]:
        """An empty repository."""
        self.prepare(monkeypatch)
        with self.empty() as repository:
            yield repository


def codes_of(repository: RoomRepository, query: RoomQuery) -> list[str]:
    """The codes of all pages, one after the other."""
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
