"""Requests as a stranger may send them, and the routes that they go to."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, Operator
from rentomatic.requests import cursor
from rentomatic.requests.clusters import MAP_PARAMETERS
from rentomatic.requests.search import (
    AREA_PARAMETERS,
    FILTERS,
    PAGE_PARAMETERS,
    Format,
    parse_search,
)
from rentomatic.web.http.middleware import MAX_URL
from rentomatic.web.pages.search_parameters import FORM

EXPORTED = (Format.CSV, Format.NDJSON)
"""The formats in which a search without a limit gives every match."""

EXPORT = "export"
"""The name of the route of exports."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of request, which is hunted by itself.

    path: with {code} for that of a room. parameters: those it takes. filters: whether it takes these too.
    required: the parameters it needs. share: of the time of the hunt.
    """

    name: str
    path: str
    parameters: tuple[str, ...] = ()
    filters: bool = True
    required: tuple[str, ...] = ()
    share: float = 1.0

    @property
    def exports(self) -> bool:
        return self.name == EXPORT

    @property
    def is_page(self) -> bool:
        """Whether the answer is for people; their form has one field for each of its parameters."""
        return self.parameters == _OF_THE_PAGE


_OF_PAGES_OF_ROOMS = tuple(name for name in PAGE_PARAMETERS if name != "cursor")
_OF_EXPORTS = tuple(name for name in PAGE_PARAMETERS if name not in {"cursor", "limit"})
_OF_THE_PAGE = (*AREA_PARAMETERS, "sort", "limit")

ROUTES = (
    Route("search", "/rooms", (*AREA_PARAMETERS, *_OF_PAGES_OF_ROOMS), share=2),
    Route(EXPORT, "/rooms", (*AREA_PARAMETERS, *_OF_EXPORTS), required=("format",)),
    Route("summary", "/rooms/summary", AREA_PARAMETERS),
    Route("clusters", "/rooms/clusters", (*AREA_PARAMETERS, "zoom"), required=MAP_PARAMETERS),
    Route("start page", "/", _OF_THE_PAGE),
    Route("list", "/parts/rooms", _OF_THE_PAGE),
    Route("prices", "/parts/prices", _OF_THE_PAGE),
    Route("page of a room", "/room/{code}", filters=False, share=0.2),
    Route("room", "/rooms/{code}", ("format",), filters=False, share=0.1),
    Route("contract", "/openapi.json", filters=False, share=0.05),
    Route("documentation", "/docs", filters=False, share=0.05),
)
"""What strangers may ask for, but for files and probes."""

_NAMES = frozenset(name for route in ROUTES for name in (*route.parameters, "cursor"))

PAGED = ("search", "start page", "list")
"""The routes that take a cursor."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a route. after: the room that ends the page before; its cursor is made from it."""

    route: Route
    path: str
    parameters: Pairs = ()
    after: Room | None = None
    method: str = "GET"
    headers: Pairs = ()

    @property
    def query(self) -> str:
        """The query string, with the cursor."""
        given = [*self.parameters, *(("cursor", text) for text in self._cursors())]
        return urlencode(given, safe=",:/")

    @property
    def target(self) -> str:
        """Path and query, as curl takes it."""
        return quote(self.path, safe="/~") + (f"?{self.query}" if self.parameters or self.after else "")

    @property
    def excess(self) -> int:
        """How many bytes the address is longer than the server takes; the cursor does not count."""
        return len(self.path) + len(urlencode(self.parameters, safe=",:/")) - MAX_URL

    def names(self) -> list[str]:
        return [name for name, _ in self.parameters]

    def conditions(self) -> list[int]:
        """The positions of the parameters that are conditions."""
        return [at for at, name in enumerate(self.names()) if name in FILTERS]

    def slips(self) -> list[int]:
        """The positions of the parameters that no route knows."""
        return [at for at, n in enumerate(self.names()) if n not in FILTERS and n not in _NAMES]

    def lists(self) -> list[int]:
        """The positions of the conditions that take a list of values."""
        return [at for at in self.conditions() if FILTERS[self.parameters[at][0]][1] is Operator.IN]

    def without(self, at: int) -> "Request":
        """The same without a parameter."""
        return replace(self, parameters=self.parameters[:at] + self.parameters[at + 1 :])

    def changed(self, at: int, text: str) -> "Request":
        """The same with another value of a parameter."""
        name = self.parameters[at][0]
        return replace(self, parameters=(*self.parameters[:at], (name, text), *self.parameters[at + 1 :]))

    def with_(self, name: str, text: str) -> "Request":
        """The same with a parameter more, or another value of one that is given once."""
        once = name not in FILTERS or (self.route.is_page and name in FORM)
        if once and name in self.names():
            return self.changed(self.names().index(name), text)
        return replace(self, parameters=(*self.parameters, (name, text)))

    def saved(self) -> dict[str, Any]:
        """All that is needed to send it again."""
        return {
            "route": self.route.name,
            "method": self.method,
            "target": self.target,
            "headers": [list(pair) for pair in self.headers],
        }

    def _cursors(self) -> list[str]:
        """The cursor, if any; none where the rest of the request is refused anyway."""
        if self.after is None:
            return []
        search = [pair for pair in self.parameters if pair[0] in FILTERS or pair[0] in _OF_THE_PAGE]
        query = parse_search(search).query
        return [cursor.encode(query, query.position(self.after))]


def makes_sense(request: Request) -> bool:
    """Whether the request has what its route and its own parameters need, and is of the route's kind."""
    names, given = {*request.names()}, dict(request.parameters)
    if not names.issuperset(request.route.required):
        return False
    if "near" not in names and ("radius" in names or given.get("sort") == str(BY_DISTANCE)):
        return False
    is_export = given.get("format") in EXPORTED and "limit" not in names and not request.after
    return request.path != "/rooms" or is_export == request.route.exports


def of_saved(saved: dict[str, Any]) -> Request:
    """The request that was saved. Its cursor is then a parameter like others."""
    path, _, query = saved["target"].partition("?")
    return Request(
        route=next(route for route in ROUTES if route.name == saved["route"]),
        path=path,
        parameters=tuple(parse_qsl(query, keep_blank_values=True)),
        method=saved["method"],
        headers=tuple((name, text) for name, text in saved["headers"]),
    )
