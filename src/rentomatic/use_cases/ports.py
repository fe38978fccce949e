"""The port through which the use cases reach the storage of rooms."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.facets import Facets
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary


class OnConflict(StrEnum):
    """What to do with a room whose code is taken by a different room."""

    REPLACE = "replace"
    SKIP = "skip"
    FAIL = "fail"


@dataclass(slots=True)
class LoadCounts:
    """The numbers of rooms by what `RoomRepository.load` did with them."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    skipped: int = 0
    removed: int = 0


class RoomRepository(Protocol):
    """A storage of rooms. Every method may raise RepositoryUnavailable."""

    def get(self, code: str) -> Room | None:
        """Return the room with that (canonical) code, or None."""
        ...

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        """Return the page of rooms that the query asks for.

        quick: raise NotQuick instead of reading more than a bounded number of rooms.
        Raises OutOfTime if it takes longer than `within` seconds.
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
        """Return the number of matching rooms, whatever the page; counting stops at `at_most`.

        quick: raise NotQuick instead of reading more than a bounded number of rooms.
        Raises OutOfTime if it takes longer than `within` seconds.
        """
        ...

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        """Summarise all matching rooms, whatever the page.

        quick: raise NotQuick instead of reading more than a bounded number of rooms.
        Raises OutOfTime if it takes longer than `within` seconds.
        """
        ...

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        """Return the matching rooms of a random sample, whose size does not depend on the number of rooms.

        Raises OutOfTime if it takes longer than `within` seconds.
        """
        ...

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        """Count all matching rooms by cell, whatever the page, or those of a sample if there are many.

        Reads a bounded number of rooms, however many there are; an index may be followed further to find out
        how many match. Raises OutOfTime if it takes longer than `within` seconds.
        """
        ...

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        """Tell what all matching rooms state, whatever the page, or those of a sample if there are many.

        Reads a bounded number of rooms, as `cells` does. quick: raise NotQuick instead of reading a sample.
        Raises OutOfTime if it takes longer than `within` seconds.
        """
        ...

    def stream(self, query: RoomQuery, within: float | None = None) -> AbstractContextManager[Iterator[Room]]:
        """Give all matching rooms in order, as of one moment and in constant memory.

        Ignores `limit` and `after`. Leaving the context frees the storage's resources. Raises OutOfTime if
        reading takes longer than `within` seconds.
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
        """Load many rooms, all or none: after an error, also one of the iterable, nothing has changed.

        A room that exists with the same values counts as unchanged. With `dry_run` nothing is kept. With
        `exactly`, rooms with other codes are removed in the same step: nobody sees one without the other.
        Raises ConflictError if `on_conflict` is FAIL and a code is taken.
        """
        ...

    def swap(self, old: Room | None, new: Room | None) -> bool:
        """Replace `old` by `new`, two rooms with the same code; one of them may be None, for no room.

        Happens in one step; returns False, and changes nothing, if the stored room is not `old`. Raises
        ValueError if both are None or the codes differ. Waits for a load for a second or two at most.
        """
        ...

    def ping(self) -> None:
        """Return if the storage answers and has the schema that this program needs; raise if not."""
        ...

    def close(self) -> None:
        """Release all resources of the repository, which is not used afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class PoolState:
    """The connections that a process keeps to its storage, and how many operations wait for one."""

    size: int
    in_use: int
    waiting: int
    limit: int


@runtime_checkable
class Pooled(Protocol):
    """A repository that keeps its connections in a pool."""

    def pool_state(self) -> PoolState:
        """Return the current state of the pool, without asking the storage."""
        ...
