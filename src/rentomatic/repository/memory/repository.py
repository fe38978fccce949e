"""Rooms in the memory of one process: the oracle that every other storage is compared with."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from heapq import nsmallest
from itertools import islice
from operator import itemgetter

from rentomatic.domain.clusters import Cells, Grid, cells_of
from rentomatic.domain.facets import Facets, counted, facets_of, values_in
from rentomatic.domain.fields import STATED
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary, range_of, summary_of
from rentomatic.repository.budget import Deadline, read_within
from rentomatic.repository.merge import merge, noting_codes
from rentomatic.repository.swap import code_of_swap
from rentomatic.use_cases.errors import NotQuick
from rentomatic.use_cases.ports import LoadCounts, OnConflict

QUICK = 10_000
"""Rooms that can be filtered and sorted in about 20 ms of processor time. Every search reads them all."""


class MemRepo:
    """A dict of rooms by code.

    Readers use the current dict; writers replace it with a changed copy, one writer at a time. So a read sees
    one moment, and no lock is held while a search runs.
    """

    def __init__(self, rooms: Iterable[Room] = (), statement_timeout: float = 10.0) -> None:
        self._rooms = {room.code: room for room in rooms}
        self._timeout = statement_timeout
        self._writing = threading.Lock()

    def get(self, code: str) -> Room | None:
        return self._rooms.get(code)

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        self._require_quick(quick)
        end = query.order_key(query.after) if query.after else None
        keyed = ((query.order_key(query.position(room)), room) for room in self._matching(query, within))
        first = nsmallest(
            query.limit + 1, (pair for pair in keyed if end is None or pair[0] > end), key=itemgetter(0)
        )
        return Page(rooms=tuple(room for _, room in first[: query.limit]), more=len(first) > query.limit)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        self._require_quick(quick)
        return sum(1 for _ in islice(self._matching(query, within), at_most))

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        rooms = list(self._matching(query, within))
        return summary_of(Counter(room.price for room in rooms), range_of(room.size for room in rooms))

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        rooms = list(self._matching(query, within))
        prices = Counter(room.price for room in rooms)
        return Sample(prices, range_of(room.size for room in rooms), share=1)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        return Cells(cells_of(self._matching(query, within), grid))

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        self._require_quick(quick)
        rooms = self._rooms.values()
        stated = {field for field in STATED if any(getattr(room, field) is not None for room in rooms)}
        return facets_of(
            query,
            stated,
            lambda part, fields: counted(values_in(self._matching(part, within), fields), fields),
        )

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        yield read_within(iter(self._ordered(query)), within)

    def load(
        self,
        rooms: Iterable[Room],
        on_conflict: OnConflict = OnConflict.REPLACE,
        dry_run: bool = False,
        *,
        exactly: bool = False,
    ) -> LoadCounts:
        counts = LoadCounts()
        rooms = list(rooms)  # before the lock, because the rooms may arrive slowly
        with self._writing:
            codes: set[str] = set()
            changed = merge(noting_codes(rooms, codes), self._rooms, on_conflict, counts)
            kept = {c: room for c, room in self._rooms.items() if c in codes} if exactly else self._rooms
            counts.removed = len(self._rooms) - len(kept)
            if not dry_run:
                self._rooms = kept | changed
        return counts

    def swap(self, old: Room | None, new: Room | None) -> bool:
        code = code_of_swap(old, new)
        with self._writing:
            if self._rooms.get(code) != old:
                return False
            rest = {key: room for key, room in self._rooms.items() if key != code}
            self._rooms = rest if new is None else rest | {code: new}
        return True

    def ping(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _require_quick(self, quick: bool) -> None:
        if quick and len(self._rooms) > QUICK:
            raise NotQuick

    def _matching(self, query: RoomQuery, within: float | None) -> Iterator[Room]:
        """Yield the matching rooms, in no particular order. Raises OutOfTime."""
        rooms = Deadline(within, self._timeout).watched(self._rooms.values())
        return filter(query.matches, rooms)

    def _ordered(self, query: RoomQuery) -> list[Room]:
        rooms = filter(query.matches, self._rooms.values())
        return sorted(rooms, key=lambda room: query.order_key(query.position(room)))
