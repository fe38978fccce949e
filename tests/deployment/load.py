"""Load on a stack during an operation: every response and every write is accounted for.

python -m tests.deployment.load PORT [SECONDS]     searches only, and prints the responses
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles
from types import TracebackType
from typing import Self

CONNECTIONS = 6
RATE = 60.0
"""Requests per second over all connections: few enough for the smallest test machine."""

_TIMEOUT = 30.0
_WRITES = 20.0
"""Rooms added per second."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """began: by the monotonic clock. what: a status, or the name of a connection error."""

    began: float
    seconds: float
    what: str
    request_id: str

    @property
    def failed(self) -> bool:
        return self.what not in ("200", "201")


@dataclass(slots=True)
class Report:
    """The responses.

    reconnected: requests that found their kept-alive connection closed without a byte of a response, and were
        sent again on a new one, as clients do (RFC 9110, section 9.2.2, and RFC 9112, 9.3.1).
    """

    outcomes: list[Outcome] = field(default_factory=list)
    reconnected: int = 0

    @property
    def failures(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.failed]

    @property
    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(outcome.what for outcome in self.outcomes).items()))

    def __str__(self) -> str:
        times = sorted(1000 * outcome.seconds for outcome in self.outcomes)
        if len(times) < 2:
            return f"{len(times)} requests"
        hundredths = quantiles(times, n=100)
        return (
            f"{len(times)} requests, failed {len(self.failures)} {self.counts}, "
            f"reconnected {self.reconnected}, "
            f"ms p50 {hundredths[49]:.1f} p99 {hundredths[98]:.0f} most {times[-1]:.0f}"
        )


class Load:
    """Searches at a steady rate over kept-alive connections, until the end of the context.

    target: returns the next search; none repeats, so that no response comes from a cache.
    pause: seconds between two searches of a connection, instead of the steady rate.
    key: also adds rooms with this key, prefix-000001, prefix-000002 …, each over its own connection: `begun`
        were sent, those in `acknowledged` got a 201.
    """

    def __init__(
        self,
        port: int,
        *,
        connections: int = CONNECTIONS,
        rate: float = RATE,
        target: Callable[[random.Random], str] | None = None,
        pause: float | None = None,
        key: str = "",
    ) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.report = Report()
        self.writes = Report()
        self.prefix = f"w{random.randrange(1 << 32):08x}"
        self.begun = 0
        self.acknowledged: list[str] = []
        self._key = key
        self._port = port
        self._connections = connections
        self._period = connections / rate
        self._pause = pause
        self._target = target or search
        self._name = f"load-{random.randrange(1 << 32):08x}"

    def __enter__(self) -> Self:
        works = [_bound(self._ask_on, number) for number in range(self._connections)]
        works += [self._write_on] if self._key else []
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * _TIMEOUT)
            assert not thread.is_alive(), "a thread of the load hangs"

    def go_on(self, answers: int = 120) -> None:
        """Wait for that many more search responses, and for one write if there are writes."""
        wanted = len(self.report.outcomes) + answers
        wanted_writes = len(self.writes.outcomes) + bool(self._key)
        end = time.monotonic() + 2 * _TIMEOUT
        while len(self.report.outcomes) < wanted or len(self.writes.outcomes) < wanted_writes:
            assert time.monotonic() < end, f"only {len(self.report.outcomes)} answers, not {wanted}"
            time.sleep(0.05)

    def _ask_on(self, number: int) -> None:
        rng = random.Random(f"{self._name} {number}")
        connection = Kept(self._port, self.report)
        next_one = time.monotonic() + self._period * rng.random()
        for count in itertools.count():
            if self._stop.wait(max(0.0, next_one - time.monotonic())):
                connection.close()
                return
            outcome = connection.get(self._target(rng), f"{self._name}-{number}-{count}")
            self.report.outcomes.append(outcome)
            now = time.monotonic()
            next_one = now + self._pause if self._pause is not None else max(now, next_one + self._period)

    def _write_on(self) -> None:
        while not self._stop.wait(1 / _WRITES):
            self.begun += 1
            code = f"{self.prefix}-{self.begun:06d}"
            began = time.monotonic()
            try:
                what = self._write(code)
            except (OSError, http.client.HTTPException) as error:
                what = type(error).__name__
            if what == "201":
                self.acknowledged.append(code)
            self.writes.outcomes.append(Outcome(began, time.monotonic() - began, what, code))

    def _write(self, code: str) -> str:
        number = self.begun
        room = {"code": code, "size": 20 + number % 80, "price": 30 + number % 90}
        body = json.dumps({**room, "latitude": 51.5, "longitude": -0.1})
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)
        try:
            connection.request("POST", "/rooms", body, {**headers, "X-Request-ID": code})
            response = connection.getresponse()
            response.read()
            return str(response.status)
        finally:
            connection.close()


class Kept:
    """A kept-alive connection, used as long as it lasts."""

    def __init__(self, port: int, report: Report) -> None:
        self._port = port
        self._report = report
        self._connection: http.client.HTTPConnection | None = None

    def get(self, target: str, request_id: str) -> Outcome:
        began = time.monotonic()
        try:
            what = self._get(target, request_id)
        except (OSError, http.client.HTTPException, ValueError) as error:
            what = type(error).__name__
            self.close()
        return Outcome(began, time.monotonic() - began, what, request_id)

    def _get(self, target: str, request_id: str) -> str:
        kept = self._connection is not None
        try:
            response = self._send(target, request_id)
        except (ConnectionError, http.client.BadStatusLine):  # closed without a byte
            self.close()
            if not kept:
                raise
            self._report.reconnected += 1
            response = self._send(target, request_id)
        body = response.read()
        if response.will_close:
            self.close()
        if response.status == 200:
            json.loads(body)  # the complete body, and nothing else
        return str(response.status)

    def _send(self, target: str, request_id: str) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)
        headers = {"Accept": "application/json", "X-Request-ID": request_id}
        self._connection.request("GET", target, headers=headers)
        return self._connection.getresponse()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def search(rng: random.Random) -> str:
    """Return a new search, as a renter might make it: by price, size, place or all of them."""
    place = f"{51.5 + rng.uniform(-0.2, 0.2):.6f},{-0.12 + rng.uniform(-0.3, 0.3):.6f}"
    price, size, limit = rng.randrange(20, 400), rng.randrange(10, 120), rng.randrange(5, 50)
    return rng.choice(
        (
            f"/rooms?near={place}&filter_price__lt={price}&limit=20",
            f"/rooms?near={place}&radius={rng.randrange(500, 5000)}&limit=20",
            f"/rooms?filter_price__lt={price}&filter_size__gte={size}&sort=price&limit={limit}",
            f"/rooms?filter_size__gte={size}&filter_price__gt={price / 4:.0f}&limit={limit}",
        )
    )


def _bound(work: Callable[[int], None], number: int) -> Callable[[], None]:
    return lambda: work(number)


if __name__ == "__main__":
    with Load(int(sys.argv[1])) as running:
        time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 10)
    print(running.report)
