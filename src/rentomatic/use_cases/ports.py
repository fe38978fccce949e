"""The port through which the use cases reach the storage of rooms."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary


class OnConflict(StrEnum):
    """What to do with a room whose code is taken by a room that differs."""

    REPLACE = "replace"
    SKIP = "skip"
    FAIL = "fail"


@dataclass(slots=True)
class LoadCounts:
    """What became of the rooms that were given to `RoomRepository.load`."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    skipped: int = 0
    removed: int = 0


class RoomRepository(Protocol):
    """A storage of rooms. Every method may raise RepositoryUnavailable."""

    def get(self, code: str) -> Room | None:
        """The room of that (canonical) code."""
        ...

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        """The page of rooms that the query asks for.

        quick: raise NotQuick rather than read more than a bounded number of rooms on the way to the page.
        Raises OutOfTime where that takes longer than `within` seconds.
        """
        ...

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        """How many rooms match, whatever the page; counted no further than `at_most`.

        quick: raise NotQuick rather than read more than a bounded number of rooms.
        Raises OutOfTime where that takes longer than `within` seconds.
        """
        ...

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        """All rooms that match at a glance, whatever the page.

        quick: raise NotQuick rather than read more than a bounded number of rooms.
        Raises OutOfTime where that takes longer than `within` seconds.
        """
        ...

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        """Those that match among some rooms taken at random, as many however many there are in all.

        Raises OutOfTime where that takes longer than `within` seconds.
        """
        ...

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        """All rooms that match by cell, whatever the page, or those of a sample where they are many.

        Reads a bounded number of rooms, however many there are and match; an index may be followed further
        to find out how many those are. Raises OutOfTime where that takes longer than `within` seconds.
        """
        ...

    def stream(self, query: RoomQuery, within: float | None = None) -> AbstractContextManager[Iterator[Room]]:
        """All rooms that match, in order, of one moment and in constant memory.

        `limit` and `after` do not count. Leaving the context frees what the reading holds. Raises OutOfTime
        where reading takes longer than `within` seconds.
        """
        ...

    def load(
        self,
        rooms: Iterable[Room],
        on_conflict: OnConflict = OnConflict.REPLACE,
        dry_run: bool = False,
        *,
        exactly: bool = False,
    ) -> LoadCounts:
        """Put many rooms, all or none: an error, also one of the iterable, leaves all as it was.

        A room that is there already with the same values counts as unchanged. With `dry_run`
        nothing is kept. With `exactly`, rooms whose codes are not given are removed in the same step:
        nobody sees the one without the other. Raises ConflictError with OnConflict.FAIL.
        """
        ...

    def swap(self, old: Room | None, new: Room | None) -> bool:
        """Put `new` in the place of `old`, both of one code; None is no room, for one of them.

        In one step: False, and nothing is changed, where what is there is not `old`. Raises ValueError
        for no room at all and for two codes. Behind a load it waits a second or two, no longer.
        """
        ...

    def ping(self) -> None:
        """Return when the storage answers and its schema is the one this program needs."""
        ...

    def close(self) -> None:
        """Give back what the repository holds open. It is not used afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class PoolState:
    """The connections that a process keeps to its storage, and how many wait for one of them."""

    size: int
    in_use: int
    waiting: int
    limit: int


@runtime_checkable
class Pooled(Protocol):
    """What a repository offers too that keeps connections in a pool."""

    def pool_state(self) -> PoolState:
        """The pool as it is now, without asking the storage."""
        ...
