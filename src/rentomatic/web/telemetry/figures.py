"""The metrics that `Metrics` counts, grouped by subject.

registry: where they are shown; None if a collector reads those of all processes from files.
"""

import time
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from rentomatic.use_cases.ports import LoadCounts

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_WAITS: Final = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_OUTCOMES: Final = ("added", "replaced", "unchanged", "skipped", "removed")


class RequestFigures:
    """The number and duration of requests."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self._requests = Counter(
            "rentomatic_http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._durations = Histogram(
            "rentomatic_http_request_duration_seconds",
            "Time until an answer was ready to be sent.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "rentomatic_http_requests_in_flight",
            "Requests in progress or waiting, except those for health and metrics.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.turned_away = Counter(
            "rentomatic_http_requests_turned_away",
            "Requests refused because of overload.",
            registry=registry,
        )
        self._of_routes: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        children = self._of_routes.get((method, route, status))
        if children is None:
            children = (
                self._requests.labels(method, route, str(status)),
                self._durations.labels(route),
            )
            self._of_routes[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)


class StorageFigures:
    """The number and duration of the storage's operations."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self._operations = Histogram(
            "rentomatic_storage_operation_seconds",
            "Time of storage operations, including failed ones.",
            ["operation"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._errors = Counter(
            "rentomatic_storage_errors",
            "Storage operations that failed.",
            ["operation"],
            registry=registry,
        )
        self._loaded = Counter(
            "rentomatic_rooms_loaded", "Rooms loaded into the storage.", ["outcome"], registry=registry
        )
        self._of_operations: dict[str, Histogram] = {}

    def operated(self, operation: str, seconds: float) -> None:
        child = self._of_operations.get(operation)
        if child is None:
            child = self._of_operations[operation] = self._operations.labels(operation)
        child.observe(seconds)

    def failed(self, operation: str) -> None:
        self._errors.labels(operation).inc()

    def loaded(self, counts: LoadCounts) -> None:
        for outcome in _OUTCOMES:
            self._loaded.labels(outcome).inc(getattr(counts, outcome))


class LaneFigures:
    """How full the lanes are, see `web.limits.turns.Lanes`."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self._at_work, self._waiting = (
            Gauge(f"rentomatic_lane_{name}", text, ["lane"], multiprocess_mode="livesum", registry=registry)
            for name, text in (
                ("at_work", "Requests in progress, by lane."),
                ("waiting", "Waiting requests, by lane."),
            )
        )
        self._waited = Histogram(
            "rentomatic_lane_wait_seconds",
            "Time that requests waited for a place.",
            ["lane"],
            buckets=_WAITS,
            registry=registry,
        )
        self._refused = Counter(
            "rentomatic_lane_refused",
            "Requests that got no place, by reason: too late, a full queue, or a client that had gone.",
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
    """The metrics of one lane."""

    at_work: Gauge
    waiting: Gauge
    waited: Histogram

    def change(self, at_work: int, waiting: int) -> None:
        if at_work:
            self.at_work.inc(at_work)
        if waiting:
            self.waiting.inc(waiting)


def count_process(registry: CollectorRegistry | None) -> None:
    """Record this process and its start time, which never change."""
    workers = Gauge(
        "rentomatic_workers", "Processes that serve.", multiprocess_mode="livesum", registry=registry
    )
    workers.set(1)
    started = Gauge(
        "process_start_time_seconds",
        "Start of the oldest process, in Unix time.",
        multiprocess_mode="livemin",
        registry=registry,
    )
    started.set(time.time())
