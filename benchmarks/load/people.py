"""People on the search page: which requests their browsers send, in which order, and whether all succeed."""

import asyncio
import random
import re
from dataclasses import dataclass, field, replace
from posixpath import join, normpath
from time import perf_counter
from typing import Self

from benchmarks.load.client import Browser, Outcome
from benchmarks.pan import view
from rentomatic.domain.geography import Point
from rentomatic.sample_rooms import QUARTERS

READING = 5.0
"""Seconds that a person looks at a page before the next one."""

PRICES_AFTER = 0.4
"""Seconds that the script waits after a list before it asks for the prices, see search.js."""

LONGEST = 5
"""Seconds that the scripts wait before they retry when told to, see patient.js."""

BASE_MAP = ("world.json", *(f"6/{x}/{y}.json" for x in (31, 32) for y in (20, 21)))
"""The area around London where people look."""

_DOCUMENT = (
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nSec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nSec-Fetch-User: ?1\r\n"
)
_STATIC = "Accept: */*\r\nSec-Fetch-Dest: script\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n"
_PART = "Accept: {}\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n"

MAP = (555, 740)
"""Pixels of the map in a window of 1280 x 800."""

_ENDINGS = {"document": b"</html>", "clusters": b"}"}
"""The end of each complete response text."""


@dataclass(frozen=True, slots=True)
class View:
    """One view of a page.

    ended: by `perf_counter`.
    seconds: that the person waited, without the pauses of the script.
    came: whether the document arrived.
    """

    ended: float
    seconds: float
    whole: bool
    came: bool
    is_first: bool


@dataclass(slots=True)
class Seen:
    """Everything that some people saw."""

    outcomes: list[Outcome] = field(default_factory=list)
    views: list[View] = field(default_factory=list)


def is_whole(outcome: Outcome) -> bool:
    """Whether a response is a 200 with its complete text."""
    return outcome.status == 200 and outcome.text.rstrip().endswith(_ENDINGS.get(outcome.kind, b""))


class Person:
    """Opens a search, moves the map once, reads, and opens the next one."""

    def __init__(self, number: int, browser: Browser, seen: Seen, static: tuple[str, ...] = ()) -> None:
        """static: the files of the page, which the browser caches after the first view."""
        self._chance = random.Random(f"person {number}")
        self._browser = browser
        self._seen = seen
        self._static = static
        self._page = "/"

    async def visit(self, end: float, reading: float = 0.0, prices_after: float = 0.0) -> None:
        """View one page after the other until `end`."""
        is_first = True
        while perf_counter() < end:
            await self.look(is_first, prices_after)
            is_first = False
            if reading:
                await asyncio.sleep(reading)

    async def fire(self, end: float) -> None:
        """Move the map again and again: list, prices and clusters at once."""
        while perf_counter() < end:
            began, search = perf_counter(), self._search()
            whole = all(
                await asyncio.gather(self._list(search), self._prices(search), self._clusters(search))
            )
            self._seen.views.append(
                View(perf_counter(), perf_counter() - began, whole, came=True, is_first=False)
            )

    async def look(self, is_first: bool, prices_after: float) -> None:
        """Open a page, move its map, and record the view."""
        began = perf_counter()
        search = None if is_first else self._search()
        self._page = f"/?{search.parameters}" if search else "/"
        came = (await self._get("document", self._page, _DOCUMENT)).status == 200
        whole = came and await self._fill(search) and await self._move(prices_after)
        waited = perf_counter() - began - (prices_after if whole else 0)
        self._seen.views.append(View(perf_counter(), waited, whole, came, is_first))

    async def _fill(self, search: "Search | None") -> bool:
        """Send the requests of a page that has just been opened; None means the first page of all."""
        if search is not None:
            return await self._clusters(search)
        files = (self._file(address) for address in self._static)
        return all(await asyncio.gather(*files, self._clusters(_WORLD))) and await self._clusters(_TOWN)

    async def _move(self, prices_after: float) -> bool:
        """Send the requests of a moved map: the prices follow the list."""
        search = self._search()
        return all(await asyncio.gather(self._list_and_prices(search, prices_after), self._clusters(search)))

    async def _list_and_prices(self, search: "Search", prices_after: float) -> bool:
        listed = await self._list(search)
        if prices_after:
            await asyncio.sleep(prices_after)
        return await self._prices(search) and listed

    async def _list(self, search: "Search") -> bool:
        return await self._part("list", f"/parts/rooms?{search.parameters}", "text/html")

    async def _prices(self, search: "Search") -> bool:
        return await self._part("prices", f"/parts/prices?{search.parameters}", "text/html")

    async def _clusters(self, search: "Search") -> bool:
        target = f"/rooms/clusters?{search.parameters}&zoom={search.zoom}"
        return await self._part("clusters", target, "*/*")

    async def _file(self, address: str) -> bool:
        return (await self._get("static", address, _STATIC)).status == 200

    async def _part(self, kind: str, target: str, accept: str) -> bool:
        """Request a part, and once more if the application is overloaded, see patient.js."""
        headers = _PART.format(accept) + f"Referer: http://127.0.0.1:{self._browser.port}{self._page}\r\n"
        outcome = await self._get(kind, target, headers)
        if outcome.status == 503 and 0 < outcome.retry_after <= LONGEST:
            await asyncio.sleep(outcome.retry_after)
            outcome = await self._get(kind, target, headers)
        return outcome.status == 200

    async def _get(self, kind: str, target: str, headers: str) -> Outcome:
        """Return the outcome without its text, with status 0 if the response was incomplete."""
        outcome = await self._browser.get(kind, target, headers)
        status = 0 if outcome.status == 200 and not is_whole(outcome) else outcome.status
        taken = replace(outcome, status=status, text=b"")
        self._seen.outcomes.append(taken)
        return taken

    def _search(self) -> "Search":
        """Return a new area the size of a street or a neighbourhood, mostly with a price limit."""
        (quarter,) = self._chance.choices(QUARTERS, [quarter.share for quarter in QUARTERS])
        north, east = (self._chance.gauss(0, quarter.spread / 111.2) for _ in range(2))
        place = Point(quarter.latitude + north, quarter.longitude + east)
        price = self._chance.randrange(40, 200) if self._chance.random() < 0.6 else None
        return Search.around(place, self._chance.randrange(11, 17), price)


@dataclass(frozen=True, slots=True)
class Search:
    """What a person searches for, and the zoom of the map that shows it."""

    parameters: str
    zoom: int

    @classmethod
    def around(cls, place: Point, zoom: int, price: int | None = None) -> Self:
        """Return a search for all that the map shows around a place, up to a price if one is given."""
        box = view(place, zoom, *MAP)
        under = "" if price is None else f"&filter_price__lte={price}"
        return cls(f"bbox={box.west:.5f},{box.south:.5f},{box.east:.5f},{box.north:.5f}{under}", zoom)


_WORLD = Search("bbox=-180,-85,180,85", 3)
_TOWN = Search.around(Point(51.512, -0.123), 9)


async def static_files(browser: Browser) -> tuple[str, ...]:
    """Return the addresses of all files that the first page needs."""
    page = (await browser.get("document", "/", _DOCUMENT)).text.decode()
    found = dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    wanted = [address for address in found if address.endswith(".js")]
    while wanted:
        script = wanted.pop()
        text = (await browser.get("static", script, _STATIC)).text.decode()
        for name in re.findall(r'^import [^;]*from "(\.[^"]+)"', text, re.MULTILINE):
            module = normpath(join(script.rpartition("/")[0], name))
            if module not in found:
                found[module] = None
                wanted.append(module)
    base = next(iter(found))[: len("/static/") + 16]
    return (*found, *(f"{base}/basemap/{name}" for name in BASE_MAP))
