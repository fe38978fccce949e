"""Abusive clients beside people with cheap searches: do these still get their responses?"""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.load.client import Browser, Connection, Outcome
from benchmarks.load.figures import Figure, in_time, of_refusals, percentile
from benchmarks.load.servers import Site

PEOPLE = 4
EVERY = 0.25
"""Seconds from a response to a person's next search."""

RATE = 20
"""Expensive requests per second."""

IN_TIME = 1.0

_FEW = ",".join(str(51.4 + number / 10_000) for number in range(30))
_NO_PRICES = ",".join(str(50_000 + number) for number in range(1000))
_PRICES = ",".join(str(20 + number) for number in range(1000))

EXPENSIVE: dict[str, Sequence[str]] = {
    "SQLite": (
        f"/rooms?near=PLACE&filter_latitude__in={_FEW}&filter_price__in={_PRICES}&limit=20",
        "/rooms?filter_longitude__in=0&limit=NUMBER",
    ),
    "PostgreSQL": (
        "/rooms?bbox=-1,51,1,52&filter_price__gt=1NUMBER&filter_size__lt=7&limit=20",
        f"/rooms?filter_price__in={_NO_PRICES}&sort=size&limit=NUMBER",
    ),
}
"""Expensive requests for each storage; PLACE and NUMBER make each one unique."""

_CHEAP_ROOMS = "/rooms?format=csv&filter_price__lt=45"
_READ_AT_ONCE = 1024
_READ_EVERY = 0.5
"""Seconds between two kilobytes of a slow reader."""

_SETTLED = 2.0
"""Seconds to open connections before the measurement begins."""


def beside_expensive_requests(
    site: Site, seconds: float, addresses: int, expensive: Sequence[str]
) -> list[Figure]:
    """Send twenty of the most expensive requests per second, beside people with cheap searches."""
    came_from = "one address" if addresses == 1 else f"{addresses} addresses"
    name = f"expensive from {came_from}, {site.name}"
    before, people, strangers = asyncio.run(_beside_expensive(site, seconds, addresses, expensive))
    answered = [outcome.seconds for outcome in strangers if outcome.status == 200]
    return [
        Figure(name, "cheap in 1 s, alone", in_time(before, IN_TIME), "%"),
        Figure(name, "cheap in 1 s, beside", in_time(people, IN_TIME), "%", 95),
        Figure(name, "p95 of a cheap one, alone", _p95(before), "s"),
        Figure(name, "p95 of a cheap one, beside", _p95(people), "s"),
        Figure(name, "cheap searches", len(people)),
        Figure(name, "expensive ones sent", len(strangers)),
        Figure(name, "expensive ones answered", len(answered)),
        Figure(name, "p95 of an expensive answer", percentile(answered, 95), "s"),
        *of_refusals(f"{name}: the strangers", strangers),
    ]


def beside_idle_and_slow(site: Site, seconds: float, idle: int, readers: int) -> list[Figure]:
    """Hold silent connections and very slow readers beside people with cheap searches."""
    name = f"{idle:,} idle, {readers} slow readers, {site.name}"
    held = asyncio.run(_beside_held(site, seconds, idle, readers))
    return [
        Figure(name, "cheap in 1 s, alone", in_time(held.before, IN_TIME), "%"),
        Figure(
            name, "cheap in 1 s, beside", in_time(held.beside, IN_TIME), "%", in_time(held.before, IN_TIME)
        ),
        Figure(name, "p95 of a cheap one, alone", _p95(held.before), "s"),
        Figure(name, "p95 of a cheap one, beside", _p95(held.beside), "s"),
        Figure(name, "idle connections held", held.idle),
        Figure(name, "slow readers that got an export", sum(status == 200 for status in held.readers)),
        Figure(name, "slow readers told to wait", sum(status in (429, 503) for status in held.readers)),
    ]


def most_expensive(results: Path, most: int = 5) -> dict[str, Sequence[str]]:
    """Return each storage's most expensive requests, saved by `bench worst`. Raises KeyError."""
    names = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
    found: dict[str, Sequence[str]] = {}
    for findings in json.loads(results.read_text(encoding="utf-8"))["results"]["worst"]:
        requests = [one["request"] for one in findings["found"]]
        targets = [request["target"] for request in requests if request["method"] == "GET"]
        found[names[findings["storage"]]] = targets[:most]
    return found


def _p95(outcomes: Sequence[Outcome]) -> float:
    return percentile((outcome.seconds for outcome in outcomes if outcome.status == 200), 95)


async def _beside_expensive(
    site: Site, seconds: float, addresses: int, expensive: Sequence[str]
) -> tuple[list[Outcome], list[Outcome], list[Outcome]]:
    """Return outcomes of cheap searches alone, of cheap ones beside expensive ones, and of the latter."""
    before = await _cheap(site, seconds / 2)
    strangers = asyncio.create_task(_expensive(site, seconds + _SETTLED, addresses, expensive))
    await asyncio.sleep(_SETTLED)
    beside = await _cheap(site, seconds)
    return before, beside, await strangers


async def _cheap(site: Site, seconds: float) -> list[Outcome]:
    """Return the outcomes of people, each with an address of their own, who search for `seconds`."""
    outcomes: list[Outcome] = []
    end = perf_counter() + seconds

    async def look(number: int) -> None:
        browser, chance = _from(site, 1, number), random.Random(f"{seconds} {number}")
        while perf_counter() < end:
            outcomes.append(await browser.get("cheap", _cheap_search(chance)))
            await asyncio.sleep(EVERY)
        browser.close()

    await asyncio.gather(*(look(number) for number in range(PEOPLE)))
    return outcomes


def _cheap_search(chance: random.Random) -> str:
    place = f"{51.5 + chance.uniform(-0.1, 0.1):.6f},{-0.12 + chance.uniform(-0.1, 0.1):.6f}"
    price = chance.randrange(30, 200)
    return chance.choice(
        (
            f"/rooms?near={place}&limit=20",
            f"/rooms?near={place}&radius=300&limit={chance.randrange(10, 30)}",
            f"/rooms?filter_price__lt={price}&sort=price&limit={chance.randrange(10, 30)}",
            f"/rooms?filter_price__eq={price}&limit={chance.randrange(10, 30)}",
        )
    )


async def _expensive(site: Site, seconds: float, addresses: int, expensive: Sequence[str]) -> list[Outcome]:
    """Send expensive requests at a steady rate, whether earlier ones were answered or not."""
    chance, began = random.Random(site.name), perf_counter()

    async def send(number: int) -> Outcome:
        await asyncio.sleep(max(0.0, began + number / RATE - perf_counter()))
        browser = _from(site, 2, number % addresses)
        place = f"{51.5 + chance.uniform(-0.1, 0.1):.6f},{-0.12 + chance.uniform(-0.1, 0.1):.6f}"
        target = (
            expensive[number % len(expensive)]
            .replace("PLACE", place)
            .replace("NUMBER", str(chance.randrange(10, 90)))
        )
        try:
            return await browser.get("expensive", target)
        finally:
            browser.close()

    return await asyncio.gather(*(send(number) for number in range(round(seconds * RATE))))


def _from(site: Site, kind: int, number: int) -> Browser:
    """Return a browser with an address of its own for a person (kind 1) or an abusive client (kind 2)."""
    if site.is_stack:
        return Browser(site.port, through=f"198.51.{100 + kind}.{1 + number % 250}")
    return Browser(site.port, source=f"127.0.{kind}.{1 + number % 250}")


@dataclass(frozen=True, slots=True)
class _Held:
    """idle: connections still open at the end. readers: statuses, 0 without a response."""

    before: list[Outcome]
    beside: list[Outcome]
    idle: int
    readers: list[int]


async def _beside_held(site: Site, seconds: float, idle: int, readers: int) -> _Held:
    before = await _cheap(site, seconds / 2)
    async with _idle(site, idle) as connections:
        end = perf_counter() + _SETTLED + seconds
        reading = [asyncio.create_task(_read_slowly(site, number, end)) for number in range(readers)]
        await asyncio.sleep(_SETTLED)
        beside = await _cheap(site, seconds)
        still = sum(connection.is_open for connection in connections)
        return _Held(before, beside, still, await asyncio.gather(*reading))


@asynccontextmanager
async def _idle(site: Site, number: int) -> AsyncIterator[list[Connection]]:
    loop, connections = asyncio.get_running_loop(), []
    request = f"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n\r\n".encode()
    try:
        for _ in range(number):
            _, connection = await loop.create_connection(Connection, "127.0.0.1", site.port)
            connections.append(connection)
            with suppress(ConnectionError):
                await connection.ask(request)
        yield connections
    finally:
        for connection in connections:
            connection.close()


async def _read_slowly(site: Site, number: int, end: float) -> int:
    """Request all cheap rooms until accepted, and read them very slowly; return the final status."""
    status = 0
    while status != 200 and perf_counter() < end:
        status = await _export(site, number, end)
        await asyncio.sleep(_READ_EVERY)
    return status


async def _export(site: Site, number: int, end: float) -> int:
    """Return the status of an export, which is read slowly to the end."""
    loop = asyncio.get_running_loop()
    forwarded = f"X-Forwarded-For: 198.51.102.{1 + number % 250}\r\n" if site.is_stack else ""
    head = f"GET {_CHEAP_ROOMS} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n{forwarded}\r\n".encode()
    with socket.socket() as reader, suppress(OSError, TimeoutError):
        reader.setblocking(False)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        if not site.is_stack:
            reader.bind((f"127.0.2.{1 + number % 250}", 0))
        async with asyncio.timeout_at(loop.time() + end - perf_counter()):
            await loop.sock_connect(reader, ("127.0.0.1", site.port))
            await loop.sock_sendall(reader, head)
            start = await loop.sock_recv(reader, _READ_AT_ONCE)
            status = int(start[9:12]) if start.startswith(b"HTTP/1.1 ") else 0
        while status == 200 and perf_counter() < end and await _some(reader):
            await asyncio.sleep(_READ_EVERY)
        return status
    return 0


async def _some(reader: socket.socket) -> bytes:
    async with asyncio.timeout(2 * _READ_EVERY):
        return await asyncio.get_running_loop().sock_recv(reader, _READ_AT_ONCE)
