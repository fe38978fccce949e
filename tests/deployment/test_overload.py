"""More requests than the stack can handle: quick refusals for some, responses for the rest, no growth."""

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles

import pytest

from tests.deployment.conftest import Figures
from tests.deployment.load import Load, Outcome, Report
from tests.deployment.project import NO_LIMITS, Stack, docker, run, until
from tests.deployment.tutorial import Walk
from tests.servers import ROOT

ROOMS = 300_000
CLIENTS = 150
SECONDS = 8.0
MEGABYTE = 1 << 20

PRODUCTION = {
    entry["name"]: str(entry["value"])
    for entry in json.loads((ROOT / "config" / "production.json").read_text(encoding="utf-8"))
    if entry["name"] in NO_LIMITS
}
"""The default limits for a client: for many people behind one address."""

TIGHT = {"CLIENT_RATE": "50r/s", "CLIENT_BURST": "100", "CLIENT_CONNECTIONS": "50"}
"""For one person."""


def expensive(rng: random.Random) -> str:
    """Return a new search that counts most of the rooms."""
    return f"/rooms?count=exact&limit=1&filter_price__gt=1&filter_latitude__gt={rng.uniform(0, 40):.9f}"


@pytest.fixture(scope="module")
def more_rooms(tutorial: Walk, rooms: int) -> Iterator[None]:
    """Enough rooms to make counting them expensive."""
    stack = tutorial.stack
    stack.psql(
        "INSERT INTO room(code, size, price, longitude, latitude) "
        "SELECT 'm' || n, 10 + n % 90, 20 + n % 300, -180 + 360 * random(), 41 + 40 * random() "
        f"FROM generate_series(1, {ROOMS}) n ON CONFLICT DO NOTHING; ANALYZE room;"
    )
    yield
    stack.psql("DELETE FROM room WHERE code ~ '^m[0-9]+$';")


@pytest.fixture
def crowded(stack: Stack, more_rooms: None) -> Stack:
    return stack


class Watch:
    """Watches the stack beside the crowd: its health and its memory."""

    def __init__(self, stack: Stack) -> None:
        self.alive: Counter[str] = Counter()
        self.health: Counter[str] = Counter()
        self.memory: list[float] = []
        self._stack = stack
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(0.5)

    def look(self) -> None:
        stack = self._stack
        ask = ["curl", "--silent", "--max-time", "10", "--output", "/dev/null", "--write-out", "%{http_code}"]
        command = ["docker", "exec", stack.container("nginx"), *ask, "http://127.0.0.1:8080/health/live"]
        self.alive[run(command).stdout] += 1
        for container in (*stack.containers("web"), *stack.containers("nginx")):
            self.health[stack.inspect(container)["State"]["Health"]["Status"]] += 1
        self.memory.append(memory(stack))

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join(60)


def memory(stack: Stack) -> float:
    """Return the MiB of the largest `web` container."""
    told = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *stack.containers("web"))
    units = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}
    found = re.findall(r"^([0-9.]+)([KMG]iB) /", told, re.MULTILINE)
    return max(float(number) * units[unit] for number, unit in found)


def summary(outcomes: list[Outcome]) -> str:
    times = sorted(1000 * outcome.seconds for outcome in outcomes)
    if len(times) < 2:
        return f"{len(times)}"
    hundredths = quantiles(times, n=100)
    return f"{len(times)}, ms p50 {hundredths[49]:.0f} p95 {hundredths[94]:.0f} most {times[-1]:.0f}"


def crowd(stack: Stack) -> tuple[Report, Watch]:
    watch = Watch(stack)
    with watch.watching(), Load(stack.port, connections=CLIENTS, target=expensive, pause=0.25) as running:
        time.sleep(SECONDS)
    return running.report, watch


@pytest.mark.parametrize(
    ("limits", "refusals"),
    [(TIGHT, {"429"}), (PRODUCTION, {"503"})],
    ids=["tight limits for a client", "the limits of production"],
)
def test_a_crowd_is_refused_quickly_and_the_rest_is_served(
    crowded: Stack, figures: Figures, limits: dict[str, str], refusals: set[str]
) -> None:
    restarts = [crowded.inspect(name)["RestartCount"] for name in crowded.containers("web")]
    with crowded.reconfigured(**limits):
        before = memory(crowded)
        report, watch = crowd(crowded)
        ended = time.monotonic()
        until(lambda: crowded.get(expensive(random.Random())).status == 200, 30, "it is normal again")
        normal = time.monotonic() - ended
    what = f"{CLIENTS} clients, {', '.join(sorted(refusals))}"
    answered = [outcome for outcome in report.outcomes if not outcome.failed]
    refused = report.failures
    figures.add(f"{what}: answers", f"{report.counts} in {SECONDS:.0f} s")
    figures.add(f"{what}: served", summary(answered))
    figures.add(f"{what}: refused", summary(refused))
    figures.add(f"{what}: beside", f"live {dict(watch.alive)}, health {dict(watch.health)}")
    figures.add(f"{what}: memory of web, MiB", f"{before:.0f} before, most {max(watch.memory):.0f}")
    figures.add(f"{what}: normal again", f"after {normal:.1f} s")

    assert refusals <= {outcome.what for outcome in refused} <= {"429", "503"}
    assert answered
    assert {"200"} == set(watch.alive)
    assert "unhealthy" not in watch.health
    assert max(watch.memory) < before + 150
    assert restarts == [crowded.inspect(name)["RestartCount"] for name in crowded.containers("web")]
