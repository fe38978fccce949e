"""Measure the web server under a bounded load over kept-alive connections.

The load is generated in Python on the same machine, and takes a share of it. Requests per second and
milliseconds include both; the server's processor time per request does not, and is steadier.
"""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.processes import peak_bytes, processor_seconds, server
from benchmarks.transfer import url
from benchmarks.workspace import Workspace

PATH = "/rooms?filter_price__lt=60&sort=price&limit=20"
CLIENTS = 4
SECONDS = 2.0
"""Seconds that a round of the load lasts."""

_HOST = "127.0.0.1"
_START_TIMEOUT = 30
_REQUEST_TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of a round of the load; the processor time is the server's."""

    requests: int
    requests_per_second: float
    median_ms: float
    slowest_in_hundred_ms: float
    processor_ms_per_request: float
    peak_bytes: int


def measure(place: Workspace, rooms: int, rounds: int) -> list[LoadResult]:
    """Measure rounds of requests for the cheapest of many rooms; the first round warms up and is dropped."""
    with serving(url(place.database(rooms))) as (port, pid):
        results = []
        for number in range(rounds + 1):
            place.log(f"http: round {number}")
            results.append(_load(port, pid))
    return results[1:]


@contextmanager
def serving(database: str, **variables: str) -> Iterator[tuple[int, int]]:
    """Run `rentomatic serve` during the context, once it responds; give its port and process id."""
    port = free_port()
    command = ["-m", "rentomatic", "serve", "--host", _HOST, "--port", str(port)]
    with server(command, DATABASE_URL=database, **variables) as process:
        wait_until_ready(port)
        yield port, process.pid


def _load(port: int, pid: int) -> LoadResult:
    """Send requests from all clients at once until the round is over."""
    latencies: list[list[float]] = [[] for _ in range(CLIENTS)]
    errors: list[Exception] = []
    before, start = processor_seconds(pid), time.perf_counter()
    clients = [
        threading.Thread(target=_ask, args=(port, start + SECONDS, mine, errors), daemon=True)
        for mine in latencies
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join(SECONDS + 2 * _REQUEST_TIMEOUT)
    seconds, used = time.perf_counter() - start, processor_seconds(pid) - before
    if errors or any(client.is_alive() for client in clients):
        raise RuntimeError(f"the server did not answer as it should: {errors or 'no answer in time'}")
    taken = [latency * 1000 for mine in latencies for latency in mine]
    return LoadResult(
        requests=len(taken),
        requests_per_second=len(taken) / seconds,
        median_ms=median(taken),
        slowest_in_hundred_ms=quantiles(taken, n=100)[-1],
        processor_ms_per_request=used / len(taken) * 1000,
        peak_bytes=peak_bytes(pid),
    )


def _ask(port: int, end: float, latencies: list[float], errors: list[Exception]) -> None:
    """Send one request after the other over one connection."""
    try:
        with closing(http.client.HTTPConnection(_HOST, port, timeout=_REQUEST_TIMEOUT)) as connection:
            while (start := time.perf_counter()) < end:
                _get(connection, PATH)
                latencies.append(time.perf_counter() - start)
    except (OSError, http.client.HTTPException, AssertionError) as error:
        errors.append(error)


def _get(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise AssertionError(f"{answer.status}: {body[:200]!r}")


def free_port() -> int:
    with closing(socket.create_server((_HOST, 0))) as probe:
        return int(probe.getsockname()[1])


def wait_until_ready(port: int) -> None:
    """Return when the server responds. Raises TimeoutError."""
    end = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < end:
        try:
            with closing(http.client.HTTPConnection(_HOST, port, timeout=_REQUEST_TIMEOUT)) as connection:
                _get(connection, "/health/ready")
        except (OSError, http.client.HTTPException, AssertionError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"the server does not answer within {_START_TIMEOUT} seconds")
