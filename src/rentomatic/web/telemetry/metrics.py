"""What `/metrics` tells: requests, the storage, its connections, rooms and backups.

prometheus-client decides when it is imported whether processes count together, so whoever makes workers
imports this module in them only.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from rentomatic import __version__
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts, PoolState, RoomRepository
from rentomatic.web.telemetry.processes import WorkersCollector, shared_directory
from rentomatic.web.telemetry.recent import Recent

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_WAITS: Final = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_OUTCOMES: Final = ("added", "replaced", "unchanged", "skipped", "removed")

_PATIENCE = 1.0
"""Seconds that a scrape waits for one thing that it asks for."""

_KEEP_ANSWER, _KEEP_COUNT = 5.0, 60.0
"""Seconds for which a worker asks no more whether the storage answers, and counts no more rooms."""

_POOL_PAUSE = 2.0
"""Seconds between two looks at the pool, of workers that others are scraped for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the figures come from that are no events.

    storage: the kind of storage, such as `sqlite`. pool: its connections, where it has a pool.
    newest_backup: when the newest backup was taken, None where there is none; may raise OSError.
    """

    repository: RoomRepository
    storage: str = "memory"
    pool: Callable[[], PoolState] | None = None
    newest_backup: Callable[[], datetime | None] = lambda: None


class Metrics:
    """The counters of this process, and the text for a scrape, which is about all of them."""

    def __init__(self, sources: Sources) -> None:
        self._shared = shared_directory()
        self._registry = CollectorRegistry()
        if self._shared is not None:
            self._registry.register(WorkersCollector(self._shared))
        self._registry.register(_Observed(sources))
        own = None if self._shared else self._registry
        self._requests = Counter(
            "rentomatic_http_requests", "Requests answered.", ["method", "route", "status"], registry=own
        )
        self._durations = Histogram(
            "rentomatic_http_request_duration_seconds",
            "Time until an answer was ready to be sent.",
            ["route"],
            buckets=_SECONDS,
            registry=own,
        )
        self._in_flight = Gauge(
            "rentomatic_http_requests_in_flight",
            "Requests being worked on or waiting, those for health and metrics left out.",
            multiprocess_mode="livesum",
            registry=own,
        )
        self._turned_away = Counter(
            "rentomatic_http_requests_turned_away", "Requests answered 503 for overload.", registry=own
        )
        self._lanes = _LaneFigures(own)
        self._operations = Histogram(
            "rentomatic_storage_operation_seconds",
            "Time of operations of the storage, failed ones as well.",
            ["operation"],
            buckets=_SECONDS,
            registry=own,
        )
        self._errors = Counter(
            "rentomatic_storage_errors",
            "Operations that the storage could not do.",
            ["operation"],
            registry=own,
        )
        self._loaded = Counter(
            "rentomatic_rooms_loaded", "Rooms given to the storage.", ["outcome"], registry=own
        )
        _tell_of_process(own)
        self._of_requests: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._of_operations: dict[str, Histogram] = {}
        self._pool = None if sources.pool is None else _PoolGauges(sources.pool, own)
        if self._pool and self._shared:
            threading.Thread(target=self._pool.watch, name="metrics", daemon=True).start()

    def entered(self) -> None:
        """A request is being worked on."""
        self._in_flight.inc()

    def left(self) -> None:
        """A request that entered is done."""
        self._in_flight.dec()

    def turned_away(self) -> None:
        """A request was refused for overload."""
        self._turned_away.inc()

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
        method = method if method in _METHODS else "other"
        children = self._of_requests.get((method, route, status))
        if children is None:
            children = (
                self._requests.labels(method, route, str(status)),
                self._durations.labels(route),
            )
            self._of_requests[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)

    def operated(self, operation: str, seconds: float) -> None:
        """The storage did something, or tried to."""
        child = self._of_operations.get(operation)
        if child is None:
            child = self._of_operations[operation] = self._operations.labels(operation)
        child.observe(seconds)

    def failed(self, operation: str) -> None:
        """The storage could not do something."""
        self._errors.labels(operation).inc()

    def loaded(self, counts: LoadCounts) -> None:
        """Rooms were loaded."""
        for outcome in _OUTCOMES:
            self._loaded.labels(outcome).inc(getattr(counts, outcome))

    def text(self) -> bytes:
        """Everything in Prometheus' text format. Takes a bounded time, whatever the storage does."""
        if self._pool:
            self._pool.look()
        return generate_latest(self._registry)


class _LaneFigures:
    """How full the lanes are, see `web.limits.turns.Lanes`."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self._at_work, self._waiting = (
            Gauge(f"rentomatic_lane_{name}", text, ["lane"], multiprocess_mode="livesum", registry=registry)
            for name, text in (
                ("at_work", "Requests that have a place, by lane."),
                ("waiting", "Requests that wait for a place, by lane."),
            )
        )
        self._waited = Histogram(
            "rentomatic_lane_wait_seconds",
            "Time until requests that got a place had it.",
            ["lane"],
            buckets=_WAITS,
            registry=registry,
        )
        self._refused = Counter(
            "rentomatic_lane_refused",
            "Requests that got no place: in time, in a full queue, or because their client was gone.",
            ["lane", "reason"],
            registry=registry,
        )
        self._of_lanes: dict[str, _LaneFigure] = {}

    def of(self, lane: str) -> "_LaneFigure":
        found = self._of_lanes.get(lane)
        if found is None:
            found = self._of_lanes[lane] = _LaneFigure(
                self._at_work.labels(lane), self._waiting.labels(lane), self._waited.labels(lane)
            )
        return found

    def refused(self, lane: str, reason: str) -> None:
        self._refused.labels(lane, reason).inc()


@dataclass(frozen=True, slots=True)
class _LaneFigure:
    """Those of one lane."""

    at_work: Gauge
    waiting: Gauge
    waited: Histogram

    def change(self, at_work: int, waiting: int) -> None:
        if at_work:
            self.at_work.inc(at_work)
        if waiting:
            self.waiting.inc(waiting)


def _tell_of_process(registry: CollectorRegistry | None) -> None:
    """Count this process, and say when it started: neither changes."""
    workers = Gauge(
        "rentomatic_workers", "Processes that serve.", multiprocess_mode="livesum", registry=registry
    )
    workers.set(1)
    started = Gauge(
        "process_start_time_seconds",
        "When the oldest of them started, in Unix time.",
        multiprocess_mode="livemin",
        registry=registry,
    )
    started.set(time.time())


class _PoolGauges:
    """The connections of all processes to their storage."""

    def __init__(self, pool: Callable[[], PoolState], registry: CollectorRegistry | None) -> None:
        self._pool = pool
        self._size, self._in_use, self._waiting, self._limit = (
            Gauge(f"rentomatic_pool_{name}", text, multiprocess_mode="livesum", registry=registry)
            for name, text in (
                ("connections", "Connections to the storage."),
                ("connections_in_use", "Connections that are being used."),
                ("requests_waiting", "Operations that wait for a connection."),
                ("connections_limit", "Connections that there may be."),
            )
        )

    def look(self) -> None:
        state = self._pool()
        self._size.set(state.size)
        self._in_use.set(state.in_use)
        self._waiting.set(state.waiting)
        self._limit.set(state.limit)

    def watch(self) -> None:
        """Look for as long as the process lives: the one that is scraped cannot look into the others."""
        while True:
            self.look()
            time.sleep(_POOL_PAUSE)


class _Observed(Collector):
    """What is looked up at a scrape, within a bounded time and not at every scrape."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._answers = Recent(self._ping, _KEEP_ANSWER)
        self._rooms = Recent(lambda: sources.repository.count(RoomQuery()), _KEEP_COUNT)
        self._backup = Recent(sources.newest_backup, _KEEP_ANSWER)
        self._counted: int | None = None

    def describe(self) -> list[Metric]:
        return []  # asking for names is no reason to ask the storage

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "rentomatic_build_info", "The version that runs, and its storage.", labels=["version", "storage"]
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
        """The last that is known: counting many may take longer than a scrape has patience."""
        counted = self._rooms.get(_PATIENCE)
        if counted is not None:
            self._counted = counted
        return self._counted
