"""A wrapper around a storage that counts and times its operations."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.facets import Facets
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository
from rentomatic.web.telemetry.metrics import Metrics


class StorageTime(threading.local):
    """Seconds that the current request, in this thread, has spent in the storage."""

    seconds = 0.0


class ObservedRepository(RoomRepository):
    """Forwards to another repository, and records the duration and success of each operation.

    spent: records the duration for the current request as well.
    """

    def __init__(self, repository: RoomRepository, metrics: Metrics, spent: StorageTime) -> None:
        self._repository = repository
        self._metrics = metrics
        self._spent = spent

    def get(self, code: str) -> Room | None:
        with self._observed("get"):
            return self._repository.get(code)

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        with self._observed("search", may_run_out=within is not None):
            return self._repository.search(query, within, quick=quick)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        with self._observed("count", may_run_out=within is not None):
            return self._repository.count(query, at_most, within, quick=quick)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        with self._observed("summarise", may_run_out=within is not None):
            return self._repository.summarise(query, within, quick=quick)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        with self._observed("sample", may_run_out=within is not None):
            return self._repository.sample(query, within)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        with self._observed("cells", may_run_out=within is not None):
            return self._repository.cells(query, grid, within)

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        with self._observed("facets", may_run_out=within is not None):
            return self._repository.facets(query, within, quick=quick)

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        with self._observed("stream"), self._repository.stream(query, within) as rooms:
            yield rooms

    def load(
        self,
        rooms: Iterable[Room],
        on_conflict: OnConflict = OnConflict.REPLACE,
        dry_run: bool = False,
        *,
        exactly: bool = False,
    ) -> LoadCounts:
        with self._observed("load"):
            counts = self._repository.load(rooms, on_conflict, dry_run, exactly=exactly)
        if not dry_run:
            self._metrics.loaded(counts)
        return counts

    def swap(self, old: Room | None, new: Room | None) -> bool:
        with self._observed("swap"):
            return self._repository.swap(old, new)

    def ping(self) -> None:
        self._repository.ping()

    def close(self) -> None:
        self._repository.close()

    def _observed(self, operation: str, *, may_run_out: bool = False) -> AbstractContextManager[None]:
        return _Observation(self._metrics, self._spent, operation, may_run_out)


class _Observation:
    """Times one operation. A class, because a generator would take three times as long to enter and leave.

    may_run_out: do not count OutOfTime as a failure of the storage: too much was asked of it.
    """

    __slots__ = ("_may_run_out", "_metrics", "_operation", "_spent", "_started")

    def __init__(self, metrics: Metrics, spent: StorageTime, operation: str, may_run_out: bool) -> None:
        self._metrics = metrics
        self._spent = spent
        self._operation = operation
        self._may_run_out = may_run_out

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        seconds = time.perf_counter() - self._started
        self._spent.seconds += seconds
        self._metrics.operated(self._operation, seconds)
        if kind is None or not issubclass(kind, RepositoryUnavailable):
            return
        if not (self._may_run_out and kind is OutOfTime):
            self._metrics.failed(self._operation)
