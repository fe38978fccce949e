"""The cost of a request for the application, in this process, and for its storage."""

import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import psycopg
from falcon.testing import create_environ

from benchmarks.processes import processor_seconds
from benchmarks.worst.requests import ROUTES, Request
from benchmarks.worst.values import Known
from rentomatic.bootstrap import application
from rentomatic.domain.room import Room
from rentomatic.domain.search import MAX_LIMIT, SORTS

EXPORT_TIMEOUT = 20
"""Seconds for an export, fewer than by default: otherwise a hunt would try only a few exports."""

_MEGABYTE = 1_000_000

_ENOUGH = 5.0
"""Seconds after which a request is not repeated to measure it again."""

_CALLS = re.compile(rb'rentomatic_storage_operation_seconds_count\{operation="(\w+)"\} ([0-9.]+)')
_STORAGE = re.compile(r"storage;dur=([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a request.

    thread: processor seconds of its thread, including reads of an SQLite file.
    server: processor seconds of the storage's server.
    wall: seconds until the last byte.
    size: bytes of the body.
    calls: of the storage, by operation, if they were counted.
    """

    thread: float
    server: float
    wall: float
    status: int
    size: int
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """The processor seconds of thread and server."""
        return self.thread + self.server

    @property
    def seconds_per_megabyte(self) -> float:
        """The same per megabyte of the body, counting shorter bodies as one."""
        return self.seconds / max(1.0, self.size / _MEGABYTE)


class Storage(Protocol):
    """Measures the processor time of a storage that is a server."""

    def seconds(self) -> float | None:
        """Return the seconds used so far; None if they are not visible from here."""
        ...


class NoServer:
    """A storage without a server."""

    def seconds(self) -> float:
        return 0.0


class PostgresProcesses:
    """The processes of a PostgreSQL server on this machine, parallel workers included."""

    def __init__(self, url: str) -> None:
        self._server = _postmaster(url)

    def seconds(self) -> float | None:
        return None if self._server is None else processor_seconds(self._server)


class Application:
    """The whole application over a storage, called in this thread as a WSGI server would."""

    def __init__(self, app: Any, storage: Storage) -> None:
        self._app = app
        self._storage = storage

    def cost(self, request: Request) -> Cost:
        """Send the request, read the whole response, and return the cost."""
        started_server, started, clock = self._storage.seconds(), time.thread_time(), time.perf_counter()
        status, headers, body = self.answer(request.path, request.query, request.method, request.headers)
        size = sum(map(len, body))
        wall, thread = time.perf_counter() - clock, time.thread_time() - started
        ended_server = self._storage.seconds()
        if started_server is None or ended_server is None:  # fall back to the time that the thread waited
            told = _STORAGE.search(headers.get("server-timing", ""))
            server = float(told[1]) / 1000 if told else 0.0
        else:
            server = ended_server - started_server
        return Cost(thread, server, wall, status, size)

    def steady_cost(self, request: Request, times: int = 3) -> Cost:
        """Return the median cost of several runs, fewer if it is high, with the storage's operations."""
        before, costs = self._calls(), [self.cost(request)]
        calls = {name: round(number - before.get(name, 0)) for name, number in self._calls().items()}
        while len(costs) < times and sum(cost.wall for cost in costs) < _ENOUGH:
            costs.append(self.cost(request))
        costs.sort(key=lambda cost: cost.seconds)
        middle = costs[len(costs) // 2]
        return replace(middle, calls={name: number for name, number in calls.items() if number})

    def known(self) -> Known:
        """Return the rooms at the start of each order; the order by code is random."""
        rooms: dict[str, Room] = {}
        for sort in SORTS:
            if sort != "distance":
                _, _, body = self.answer("/rooms", f"limit={MAX_LIMIT}&sort={sort}")
                rooms |= {room["code"]: Room(**room) for room in json.loads(b"".join(body))}
        return Known([*rooms.values()])

    def warm_up(self) -> None:
        """Send one request to each route: what happens only at the first one does not count."""
        for route in ROUTES:
            self.answer(route.path.replace("{code}", "nobody"), "bbox=0,0,0,0&zoom=1" * bool(route.required))

    def answer(
        self, path: str, query: str = "", method: str = "GET", headers: Iterable[tuple[str, str]] = ()
    ) -> tuple[int, dict[str, str], Iterator[bytes]]:
        """Return status, headers and body of a response."""
        told: list[tuple[str, list[tuple[str, str]]]] = []
        environ = create_environ(path, query, method=method, headers=[*headers], remote_addr="192.0.2.1")
        blocks = self._app(environ, lambda status, pairs, _=None: told.append((status, pairs)))
        ((status, pairs),) = told
        return int(status[:3]), {name.lower(): text for name, text in pairs}, _read(blocks)

    def _calls(self) -> dict[str, float]:
        """Return the storage's operations so far."""
        _, _, body = self.answer("/metrics")
        return {name.decode(): float(number) for name, number in _CALLS.findall(b"".join(body))}


@contextmanager
def running_application(url: str, read_timeout: float | None = None) -> Iterator[Application]:
    """Run the application of a storage, as `wsgi.py` creates it, with the default settings.

    read_timeout: seconds for all reads of a request, if not the default.
    """
    settings = {
        "DATABASE_URL": url,
        "RENTOMATIC_LOG_LEVEL": "error",
        "RENTOMATIC_EXPORT_TIMEOUT": f"{EXPORT_TIMEOUT}",
    }
    if read_timeout is not None:
        settings["RENTOMATIC_READ_TIMEOUT"] = f"{read_timeout}"
    before = dict(os.environ)
    for name in filter(_is_setting, before):
        del os.environ[name]
    os.environ |= settings
    try:
        app = application()
    finally:
        os.environ.clear()
        os.environ |= before
    yield Application(app, PostgresProcesses(url) if url.startswith("postgres") else NoServer())


def _is_setting(name: str) -> bool:
    return name.startswith(("RENTOMATIC_", "POSTGRES_", "MONGODB_", "APPLICATION_", "DATABASE_URL"))


def _read(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the blocks of a body, and close it at the end as a server does."""
    with suppress(TimeoutError):  # an export took too long
        try:
            yield from blocks
        finally:
            if close := getattr(blocks, "close", None):
                close()


def _postmaster(url: str) -> int | None:
    """Return the main process of a server on this machine, None if it runs elsewhere."""
    with closing(psycopg.connect(url)) as connection:
        backend = connection.info.backend_pid
        with suppress(OSError):
            name, _, rest = Path(f"/proc/{backend}/stat").read_text().rpartition(")")
            if "postgres" in name:
                return int(rest.split()[1])
    return None
