"""Requests as any client may send them, and their routes."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, TAKES_SEVERAL
from rentomatic.requests import cursor
from rentomatic.requests.clusters import MAP_PARAMETERS
from rentomatic.requests.search import (
    FILTERS,
    MATCH_PARAMETERS,
    PAGE_PARAMETERS,
    Format,
    parse_search,
)
from rentomatic.web.http.middleware import MAX_URL
from rentomatic.web.pages.search_parameters import FORM

EXPORTED = (Format.CSV, Format.NDJSON)
"""The formats in which a search without a limit returns every match."""

EXPORT = "export"
"""The name of the route of exports."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of request, which is optimised by itself.

    path: with {code} for the code of a room.
    parameters: those that it accepts. required: those that it needs.
    filters: whether it accepts filters too.
    share: of the time of the hunt.
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
        """Whether the response is a page; its form has one field for each parameter."""
        return self.parameters == _OF_THE_PAGE


_OF_PAGES_OF_ROOMS = tuple(name for name in PAGE_PARAMETERS if name != "cursor")
_OF_EXPORTS = tuple(name for name in PAGE_PARAMETERS if name not in {"cursor", "limit"})
_OF_THE_PAGE = (*MATCH_PARAMETERS, "sort", "limit")

ROUTES = (
    Route("search", "/rooms", (*MATCH_PARAMETERS, *_OF_PAGES_OF_ROOMS), share=2),
    Route(EXPORT, "/rooms", (*MATCH_PARAMETERS, *_OF_EXPORTS), required=("format",)),
    Route("summary", "/rooms/summary", MATCH_PARAMETERS),
    Route("clusters", "/rooms/clusters", (*MATCH_PARAMETERS, "zoom"), required=MAP_PARAMETERS),
    Route("start page", "/", _OF_THE_PAGE),
    Route("list", "/parts/rooms", _OF_THE_PAGE),
    Route("prices", "/parts/prices", _OF_THE_PAGE),
    Route("page of a room", "/room/{code}", filters=False, share=0.2),
    Route("room", "/rooms/{code}", ("format",), filters=False, share=0.1),
    Route("contract", "/openapi.json", filters=False, share=0.05),
    Route("documentation", "/docs", filters=False, share=0.05),
)
"""What any client may request, except files and probes."""

_NAMES = frozenset(name for route in ROUTES for name in (*route.parameters, "cursor"))

PAGED = ("search", "start page", "list")
"""The routes that accept a cursor."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a route. after: the last room of the previous page, from which the cursor is made."""

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
        """Path and query, as for curl."""
        return quote(self.path, safe="/~") + (f"?{self.query}" if self.parameters or self.after else "")

    @property
    def excess(self) -> int:
        """By how many bytes the address is too long for the server, without the cursor."""
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
        return [at for at in self.conditions() if FILTERS[self.parameters[at][0]][1] in TAKES_SEVERAL]

    def without(self, at: int) -> "Request":
        """Return the request without a parameter."""
        return replace(self, parameters=self.parameters[:at] + self.parameters[at + 1 :])

    def changed(self, at: int, text: str) -> "Request":
        """Return the request with another value of a parameter."""
        name = self.parameters[at][0]
        return replace(self, parameters=(*self.parameters[:at], (name, text), *self.parameters[at + 1 :]))

    def with_(self, name: str, text: str) -> "Request":
        """Return the request with one more parameter, or with another value of one that may appear once."""
        once = name not in FILTERS or (self.route.is_page and name in FORM)
        if once and name in self.names():
            return self.changed(self.names().index(name), text)
        return replace(self, parameters=(*self.parameters, (name, text)))

    def saved(self) -> dict[str, Any]:
        """Return all that is needed to send it again."""
        return {
            "route": self.route.name,
            "method": self.method,
            "target": self.target,
            "headers": [list(pair) for pair in self.headers],
        }

    def _cursors(self) -> list[str]:
        """Return the cursor, if any; none if the rest of the request is refused anyway."""
        if self.after is None:
            return []
        search = [pair for pair in self.parameters if pair[0] in FILTERS or pair[0] in _OF_THE_PAGE]
        query = parse_search(search).query
        return [cursor.encode(query, query.position(self.after))]


def makes_sense(request: Request) -> bool:
    """Whether the request has what its route and its parameters require."""
    names, given = {*request.names()}, dict(request.parameters)
    if not names.issuperset(request.route.required):
        return False
    if "near" not in names and ("radius" in names or given.get("sort") == str(BY_DISTANCE)):
        return False
    is_export = given.get("format") in EXPORTED and "limit" not in names and not request.after
    return request.path != "/rooms" or is_export == request.route.exports


def of_saved(saved: dict[str, Any]) -> Request:
    """Return a saved request, whose cursor is now a parameter like any other."""
    path, _, query = saved["target"].partition("?")
    return Request(
        route=next(route for route in ROUTES if route.name == saved["route"]),
        path=path,
        parameters=tuple(parse_qsl(query, keep_blank_values=True)),
        method=saved["method"],
        headers=tuple((name, text) for name, text in saved["headers"]),
    )
