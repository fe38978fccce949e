"""A wrapper around the storage: expensive reads move their request to the lane for expensive reads."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.facets import Facets
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.use_cases.errors import NotQuick, OutOfTime
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository
from rentomatic.web.limits.lanes import Lane, Overloaded
from rentomatic.web.limits.turns import Turn, Turns

Read = TypeVar("Read")


class AdmittedRepository(RoomRepository):
    """Forwards to another repository once the current request has a place in the right lane.

    Searches, counts, summaries and facets are first tried as quick reads. Those that are not quick are tried
    again in the expensive lane, unless the caller accepts only a quick answer; cells always use it. Nothing
    of the storage is held while a request waits. Every read but `stream`, whose caller takes the place,
    raises Overloaded if it gets no place in time. Additions to a page that was read already wait up to
    `within` seconds and then raise OutOfTime. Calls outside a request take no place.
    """

    def __init__(self, repository: RoomRepository, turns: Turns) -> None:
        self._repository = repository
        self._turns = turns

    def get(self, code: str) -> Room | None:
        self._require_place()
        return self._repository.get(code)

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        page = self._quick_or_expensive(
            lambda seconds, quick: self._repository.search(query, seconds, quick=quick), within, quick
        )
        self._has_read()
        return page

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        return self._quick_or_expensive(
            lambda seconds, quick: self._repository.count(query, at_most, seconds, quick=quick), within, quick
        )

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        found = self._quick_or_expensive(
            lambda seconds, quick: self._repository.summarise(query, seconds, quick=quick), within, quick
        )
        self._has_read()
        return found

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        self._require_place(within)
        return self._repository.sample(query, within)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        self._require_expensive_place(within)
        return self._repository.cells(query, grid, within)

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        return self._quick_or_expensive(
            lambda seconds, quick: self._repository.facets(query, seconds, quick=quick), within, quick
        )

    def stream(self, query: RoomQuery, within: float | None = None) -> AbstractContextManager[Iterator[Room]]:
        return self._repository.stream(query, within)

    def load(
        self,
        rooms: Iterable[Room],
        on_conflict: OnConflict = OnConflict.REPLACE,
        dry_run: bool = False,
        *,
        exactly: bool = False,
    ) -> LoadCounts:
        return self._repository.load(rooms, on_conflict, dry_run, exactly=exactly)

    def swap(self, old: Room | None, new: Room | None) -> bool:
        return self._repository.swap(old, new)

    def ping(self) -> None:
        self._repository.ping()

    def close(self) -> None:
        self._repository.close()

    def _has_read(self) -> None:
        if (turn := self._turns.current) is not None:
            turn.has_read = True

    def _quick_or_expensive(
        self, read: Callable[[float | None, bool], Read], within: float | None, quick: bool
    ) -> Read:
        self._require_place(within)
        turn = self._turns.current
        if turn is not None and turn.lane is self._turns.lanes.quick:
            try:
                return read(within, True)
            except NotQuick:
                if quick:
                    raise
            self._require_expensive_place(within)
        return read(within, quick)

    def _require_place(self, within: float | None = None) -> None:
        """Take a quick place for a request that has none, because it got no expensive one in time."""
        turn = self._turns.current
        if turn is not None and turn.lane is None:
            _move(turn, self._turns.lanes.quick, within)

    def _require_expensive_place(self, within: float | None) -> None:
        """Move a request that is quick so far, or has no place."""
        turn, lanes = self._turns.current, self._turns.lanes
        if turn is not None and turn.lane in (lanes.quick, None):
            _move(turn, lanes.expensive, within)


def _move(turn: Turn, lane: Lane, within: float | None) -> None:
    """Change lanes. Raises Overloaded, or OutOfTime for additions to a page that was read already."""
    if within is None or not turn.has_read:
        turn.move(lane)
        return
    try:
        turn.move(lane, within)
    except Overloaded as refusal:
        raise OutOfTime from refusal
