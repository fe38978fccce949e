"""The metrics for `/metrics`: requests, the storage, its connections, rooms and backups.

prometheus-client decides on import whether processes share their metrics, so a process that starts workers
imports this module only in them.
"""

import threading

from prometheus_client import CollectorRegistry, generate_latest

from rentomatic.use_cases.ports import LoadCounts
from rentomatic.web.telemetry.figures import LaneFigures, RequestFigures, StorageFigures, count_process
from rentomatic.web.telemetry.processes import WorkersCollector, shared_directory
from rentomatic.web.telemetry.scraped import PoolGauges, ScrapedValues, Sources

__all__ = ["Metrics", "Sources"]


class Metrics:
    """The metrics of this process, and the text for a scrape, which covers all processes."""

    def __init__(self, sources: Sources) -> None:
        shared = shared_directory()
        self._registry = CollectorRegistry()
        if shared is not None:
            self._registry.register(WorkersCollector(shared))
        self._registry.register(ScrapedValues(sources))
        own = None if shared else self._registry
        self._requests = RequestFigures(own)
        self._lanes = LaneFigures(own)
        self._storage = StorageFigures(own)
        count_process(own)
        self._pool = None if sources.pool is None else PoolGauges(sources.pool, own)
        if self._pool and shared:
            threading.Thread(target=self._pool.watch, name="metrics", daemon=True).start()

    def entered(self) -> None:
        """Count a request that has started."""
        self._requests.in_flight.inc()

    def left(self) -> None:
        """Count a request that has ended."""
        self._requests.in_flight.dec()

    def turned_away(self) -> None:
        """Count a request that was rejected because of overload."""
        self._requests.turned_away.inc()

    def in_lane(self, lane: str, *, at_work: int = 0, waiting: int = 0) -> None:
        """Change the numbers of requests that are at work in a lane or wait for a place there."""
        self._lanes.of(lane).change(at_work, waiting)

    def waited(self, lane: str, seconds: float) -> None:
        """Record how long a request waited for a place in a lane, 0 if it did not have to."""
        self._lanes.of(lane).waited.observe(seconds)

    def refused(self, lane: str, reason: str) -> None:
        """Count a request that got no place in a lane; it fails unless it can do without."""
        self._lanes.refused(lane, reason)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record a response. route: the template of its path, never the path itself."""
        self._requests.answered(method, route, status, seconds)

    def operated(self, operation: str, seconds: float) -> None:
        """Record an operation of the storage, successful or not."""
        self._storage.operated(operation, seconds)

    def failed(self, operation: str) -> None:
        """Count a failed operation of the storage."""
        self._storage.failed(operation)

    def loaded(self, counts: LoadCounts) -> None:
        """Count loaded rooms."""
        self._storage.loaded(counts)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format. Takes a bounded time, whatever the storage does."""
        if self._pool:
            self._pool.look()
        return generate_latest(self._registry)
