"""Crowds of people: how many see complete pages, how fast, and which responses the others get."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time

from benchmarks.load.client import Browser
from benchmarks.load.figures import Figure, of_refusals, of_requests, of_views, percentile, share
from benchmarks.load.people import PRICES_AFTER, READING, Person, Seen, static_files
from benchmarks.load.servers import Site

CONNECTIONS = 8
"""Kept-alive connections, each with one request after the other."""

_PRICE_PAGE = "/rooms?filter_price__lt=60&sort=price&limit=20"
_MOST = 65
"""The most processor time, in per cent, that one of two workers may take."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a crowd saw, and the time it took.

    seconds: in which new views began. lasted: until the last view ended.
    load: per cent of one processor that the client itself used.
    """

    seen: Seen
    began: float
    seconds: float
    lasted: float
    load: float

    @property
    def goodput(self) -> float:
        """Complete views per second, among those that ended in time."""
        whole = sum(view.whole and view.ended <= self.began + self.seconds for view in self.seen.views)
        return whole / self.seconds


def at_ordinary_pace(site: Site, people: int, seconds: float) -> list[Figure]:
    """People who read for five seconds between pages, all behind one address."""
    name = f"pace, {people} people, {site.name}"
    run = asyncio.run(_run(site, people, seconds, _pace, arrive=READING))
    whole, most = (99.5, 2.0) if people <= 64 else (95.0, None)
    return [*of_views(name, run.seen, whole, most, first=True), _client(name, run)]


def moving_the_map(site: Site, people: int, seconds: float) -> list[Figure]:
    """People who move the map without a pause: list, prices and clusters at once."""
    name = f"map, {people} people, {site.name}"
    idle, used = site.worker_megabytes(), sum(site.worker_seconds())
    run = asyncio.run(_run(site, people, seconds, _fire))
    during, used = site.worker_megabytes(), sum(site.worker_seconds()) - used
    answered = sum(outcome.status == 200 for outcome in run.seen.outcomes)
    asyncio.run(asyncio.sleep(2))
    return [
        *of_requests(name, run.seen.outcomes, 99.5, 2.5),
        Figure(name, "views whole", share(sum(v.whole for v in run.seen.views), len(run.seen.views)), "%"),
        Figure(name, "CPU of the workers", share_of(used, run.lasted), "% of one"),
        Figure(name, "CPU of an answer", 1000 * used / max(1, answered), "ms"),
        Figure(name, "idle worker", idle, "MB", 60, at_most=True),
        Figure(name, "worker at the end of the load", during, "MB"),
        Figure(name, "worker 2 s later", site.worker_megabytes(), "MB"),
        _client(name, run),
    ]


def without_a_pause(site: Site, crowds: Sequence[int], seconds: float) -> list[Figure]:
    """Growing numbers of people who open one page after the other without a pause."""
    found, best = [], 0.0
    for people in crowds:
        name = f"no pause, {people} people, {site.name}"
        run = asyncio.run(_run(site, people, seconds, _hurry))
        best = max(best, run.goodput)
        waits = [view.seconds for view in run.seen.views if view.whole]
        found += [
            Figure(name, "whole views a second", run.goodput),
            Figure(name, "of the best so far", share_of(run.goodput, best), "%", 90 if people > 32 else None),
            Figure(name, "views whole", share(len(waits), len(run.seen.views)), "%"),
            Figure(name, "p95 of a whole view", percentile(waits, 95), "s"),
            *of_refusals(name, run.seen.outcomes),
            _client(name, run),
        ]
    return found


def share_of(found: float, best: float) -> float:
    """Return the percentage of the best, 0 if the best is zero."""
    return 100 * found / best if best else 0.0


def on_kept_connections(two: Site, one: Site, runs: int, seconds: float) -> list[Figure]:
    """Eight kept-alive connections: do both workers work, and how much faster are they than one?"""
    name, shares = "8 connections", list[float]()
    rates: dict[int, list[float]] = {two.port: [], one.port: []}
    costs: dict[int, list[float]] = {two.port: [], one.port: []}
    for _ in range(runs):
        for site in (two, one):
            before, began = site.worker_seconds(), perf_counter()
            answered = asyncio.run(_keep_asking(site.port, began + seconds))
            used = [now - then for now, then in zip(site.worker_seconds(), before, strict=True)]
            rates[site.port].append(answered / (perf_counter() - began))
            costs[site.port].append(1000 * sum(used) / answered)
            if site is two:
                shares.append(share_of(max(used), sum(used)))
    even = sum(busier <= _MOST for busier in shares)
    return [
        Figure(name, "runs in which each worker took 35 to 65 % of the CPU", share(even, runs), "%", 95),
        Figure(name, "share of the busier worker, median", percentile(shares, 50), "%"),
        Figure(name, "requests a second, two workers", percentile(rates[two.port], 50)),
        Figure(name, "requests a second, one worker", percentile(rates[one.port], 50)),
        Figure(
            name,
            "two workers / one",
            percentile(rates[two.port], 50) / percentile(rates[one.port], 50),
            "",
            1.8,
        ),
        Figure(name, "CPU of a request, two workers", percentile(costs[two.port], 50), "ms"),
        Figure(name, "CPU of a request, one worker", percentile(costs[one.port], 50), "ms"),
    ]


async def _keep_asking(port: int, end: float) -> int:
    async def ask() -> int:
        browser, answered = Browser(port), 0
        while perf_counter() < end:
            answered += (await browser.get("list", _PRICE_PAGE)).status == 200
        browser.close()
        return answered

    return sum(await asyncio.gather(*(ask() for _ in range(CONNECTIONS))))


async def _run(
    site: Site,
    people: int,
    seconds: float,
    live: Callable[[Person, float], Awaitable[None]],
    arrive: float = 0,
) -> Run:
    """Let `people` people arrive over `arrive` seconds, and begin new views for `seconds`."""
    guide = Browser(site.port)
    files = await static_files(guide) if site.is_stack else ()
    guide.close()
    seen, began, used = Seen(), perf_counter(), process_time()

    async def come(number: int) -> None:
        await asyncio.sleep(arrive * number / people)
        browser = Browser(site.port)
        await live(Person(number, browser, seen, files), began + seconds)
        browser.close()

    await asyncio.gather(*(come(number) for number in range(people)))
    lasted = perf_counter() - began
    return Run(seen, began, seconds, lasted, share_of(process_time() - used, lasted))


async def _pace(person: Person, end: float) -> None:
    await person.visit(end, READING, PRICES_AFTER)


async def _fire(person: Person, end: float) -> None:
    await person.fire(end)


async def _hurry(person: Person, end: float) -> None:
    await person.visit(end)


def _client(name: str, run: Run) -> Figure:
    return Figure(name, "the client's own CPU", run.load, "% of one")
