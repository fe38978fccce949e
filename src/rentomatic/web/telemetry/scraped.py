"""Metrics that do not count events: looked up when `/metrics` is read."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from rentomatic import __version__
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import PoolState, RoomRepository
from rentomatic.web.telemetry.recent import Recent

_PATIENCE = 1.0
"""Seconds that a scrape waits for each value."""

_KEEP_ANSWER, _KEEP_COUNT = 5.0, 60.0
"""Seconds for which a worker caches whether the storage answers, and the number of rooms."""

_POOL_PAUSE = 2.0
"""Seconds between two updates of the pool's metrics, if several workers share them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the values come from that do not count events.

    storage: the kind of storage, such as `sqlite`. pool: returns the state of its connections, if it has a
        pool.
    newest_backup: returns the time of the newest backup, None without one; may raise OSError.
    """

    repository: RoomRepository
    storage: str = "memory"
    pool: Callable[[], PoolState] | None = None
    newest_backup: Callable[[], datetime | None] = lambda: None


class PoolGauges:
    """The connections of all processes to their storage."""

    def __init__(self, pool: Callable[[], PoolState], registry: CollectorRegistry | None) -> None:
        self._pool = pool
        self._size, self._in_use, self._waiting, self._limit = (
            Gauge(f"rentomatic_pool_{name}", text, multiprocess_mode="livesum", registry=registry)
            for name, text in (
                ("connections", "Connections to the storage."),
                ("connections_in_use", "Connections in use."),
                ("requests_waiting", "Operations waiting for a connection."),
                ("connections_limit", "Maximum number of connections."),
            )
        )

    def look(self) -> None:
        state = self._pool()
        self._size.set(state.size)
        self._in_use.set(state.in_use)
        self._waiting.set(state.waiting)
        self._limit.set(state.limit)

    def watch(self) -> None:
        """Update forever: the process that is scraped cannot see the others' pools."""
        while True:
            self.look()
            time.sleep(_POOL_PAUSE)


class ScrapedValues(Collector):
    """Values looked up on a scrape, within a bounded time, and cached."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._answers = Recent(self._ping, _KEEP_ANSWER)
        self._rooms = Recent(lambda: sources.repository.count(RoomQuery()), _KEEP_COUNT)
        self._backup = Recent(sources.newest_backup, _KEEP_ANSWER)
        self._counted: int | None = None

    def describe(self) -> list[Metric]:
        return []  # listing the names must not query the storage

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "rentomatic_build_info", "The running version and its storage.", labels=["version", "storage"]
        )
        build.add_metric([__version__, self._sources.storage], 1)
        yield build
        is_up = self._answers.get(_PATIENCE) is True
        yield GaugeMetricFamily("rentomatic_storage_up", "Whether the storage answers.", value=is_up)
        if is_up and (rooms := self._number_of_rooms()) is not None:
            yield GaugeMetricFamily("rentomatic_rooms", "Rooms, as of a minute ago at most.", value=rooms)
        if taken := self._backup.get(_PATIENCE):
            age = (datetime.now(UTC) - taken).total_seconds()
            yield GaugeMetricFamily("rentomatic_backup_age_seconds", "Age of the newest backup.", value=age)

    def _ping(self) -> bool:
        try:
            self._sources.repository.ping()
        except RepositoryUnavailable:
            return False
        return True

    def _number_of_rooms(self) -> int | None:
        """Return the last known number: counting many rooms may take longer than a scrape waits."""
        counted = self._rooms.get(_PATIENCE)
        if counted is not None:
            self._counted = counted
        return self._counted
