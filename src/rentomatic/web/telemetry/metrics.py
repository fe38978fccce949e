"""What `/metrics` tells: requests, the storage, its connections, rooms and backups.

prometheus-client decides when it is imported whether processes count together, so whoever makes workers
imports this module in them only.
"""

import threading

from prometheus_client import CollectorRegistry, generate_latest

from rentomatic.use_cases.ports import LoadCounts
from rentomatic.web.telemetry.figures import LaneFigures, RequestFigures, StorageFigures, tell_of_process
from rentomatic.web.telemetry.processes import WorkersCollector, shared_directory
from rentomatic.web.telemetry.scraped import LookedUp, PoolGauges, Sources

__all__ = ["Metrics", "Sources"]


class Metrics:
    """The counters of this process, and the text for a scrape, which is about all of them."""

    def __init__(self, sources: Sources) -> None:
        shared = shared_directory()
        self._registry = CollectorRegistry()
        if shared is not None:
            self._registry.register(WorkersCollector(shared))
        self._registry.register(LookedUp(sources))
        own = None if shared else self._registry
        self._requests = RequestFigures(own)
        self._lanes = LaneFigures(own)
        self._storage = StorageFigures(own)
        tell_of_process(own)
        self._pool = None if sources.pool is None else PoolGauges(sources.pool, own)
        if self._pool and shared:
            threading.Thread(target=self._pool.watch, name="metrics", daemon=True).start()

    def entered(self) -> None:
        """A request is being worked on."""
        self._requests.in_flight.inc()

    def left(self) -> None:
        """A request that entered is done."""
        self._requests.in_flight.dec()

    def turned_away(self) -> None:
        """A request was refused for overload."""
        self._requests.turned_away.inc()

    def in_lane(self, lane: str, *, at_work: int = 0, waiting: int = 0) -> None:
        """Add to the requests that are at work in a lane or wait for a place there, or take away."""
        self._lanes.of(lane).change(at_work, waiting)

    def waited(self, lane: str, seconds: float) -> None:
        """A request got a place in a lane after so long, 0 where it did not have to wait."""
        self._lanes.of(lane).waited.observe(seconds)

    def refused(self, lane: str, reason: str) -> None:
        """A request got no place in a lane. It is turned away, unless it can do with less."""
        self._lanes.refused(lane, reason)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. route: the template of its path, never the path itself."""
        self._requests.answered(method, route, status, seconds)

    def operated(self, operation: str, seconds: float) -> None:
        """The storage did something, or tried to."""
        self._storage.operated(operation, seconds)

    def failed(self, operation: str) -> None:
        """The storage could not do something."""
        self._storage.failed(operation)

    def loaded(self, counts: LoadCounts) -> None:
        """Rooms were loaded."""
        self._storage.loaded(counts)

    def text(self) -> bytes:
        """Everything in Prometheus' text format. Takes a bounded time, whatever the storage does."""
        if self._pool:
            self._pool.look()
        return generate_latest(self._registry)
