"""A storage whose operations are counted and timed."""

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Summary
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository
from rentomatic.web.metrics import Metrics


class ObservedRepository(RoomRepository):
    """Does what another repository does, and tells the metrics how long it took and whether it could."""

    def __init__(self, repository: RoomRepository, metrics: Metrics) -> None:
        self._repository = repository
        self._metrics = metrics

    def get(self, code: str) -> Room | None:
        with self._observed("get"):
            return self._repository.get(code)

    def search(self, query: RoomQuery) -> Page:
        with self._observed("search"):
            return self._repository.search(query)

    def count(self, query: RoomQuery, at_most: int | None = None) -> int:
        with self._observed("count"):
            return self._repository.count(query, at_most)

    def summarise(self, query: RoomQuery) -> Summary:
        with self._observed("summarise"):
            return self._repository.summarise(query)

    @contextmanager
    def stream(self, query: RoomQuery) -> Iterator[Iterator[Room]]:
        with self._observed("stream"), self._repository.stream(query) as rooms:
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

    def remove(self, code: str) -> bool:
        with self._observed("remove"):
            return self._repository.remove(code)

    def ping(self) -> None:
        self._repository.ping()

    def close(self) -> None:
        self._repository.close()

    def _observed(self, operation: str) -> AbstractContextManager[None]:
        return _Observation(self._metrics, operation)


class _Observation:
    """The time of one operation. A class: a generator would take three times as long to enter and leave."""

    __slots__ = ("_metrics", "_operation", "_started")

    def __init__(self, metrics: Metrics, operation: str) -> None:
        self._metrics = metrics
        self._operation = operation

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._metrics.operated(self._operation, time.perf_counter() - self._started)
        if kind is not None and issubclass(kind, RepositoryUnavailable):
            self._metrics.failed(self._operation)
