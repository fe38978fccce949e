"""Hill climbing: from an expensive random request to more expensive variants, then smaller ones."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from benchmarks.worst.asking import Asker
from benchmarks.worst.requests import ROUTES, Request, Route, makes_sense
from rentomatic.domain.search import TAKES_SEVERAL, Operator
from rentomatic.requests.search import FILTERS

Price = Callable[[Request], float]
"""Returns the cost of a request, in seconds for most routes."""

FIRST = 6
"""Random requests before each climb, which starts from the most expensive one."""

_PATIENCE = 12
"""A climb ends after this many variants in a row that cost no more."""

_KEPT = 0.8
"""The share of its cost that a request must keep when something is left out."""

_PART = 0.2
"""The share of the remaining time for shrinking one request."""

_OF_A_ROUTE = 4
"""The most requests of one route in the results."""

_LEAST = 1e-9
"""Seconds that each request counts for at least."""

_MANY = 100
"""Lists with at least this many values count as equally long."""

_RANGE = frozenset({Operator.LT, Operator.LTE, Operator.GT, Operator.GTE})


@dataclass(frozen=True, slots=True)
class Catch:
    """A request and its cost."""

    request: Request
    price: float


@dataclass(slots=True)
class _Climb:
    """The climb on one route. spent: seconds.

    misses: variants in a row that cost no more; negative before the first climb: random requests to come.
    """

    route: Route
    best: Catch | None = None
    misses: int = -FIRST
    spent: float = 0.0

    def learn(self, found: Catch) -> None:
        """Continue from the request if it costs more; start again after too many that do not."""
        is_new_worst = self.best is None or found.price > self.best.price
        if is_new_worst:
            self.best = found
        self.misses = 0 if is_new_worst and self.misses >= 0 else self.misses + 1
        if self.misses == _PATIENCE:
            self.best, self.misses = None, -FIRST


class Hunt:
    """Looks for the most expensive requests of each route.

    clock: seconds, which limit the hunt.
    """

    def __init__(self, asker: Asker, price: Price, clock: Callable[[], float] = time.monotonic) -> None:
        self._asker = asker
        self._price = price
        self._clock = clock
        self.asked = 0
        self.caught: dict[object, Catch] = {}

    def run(self, seconds: float, routes: Iterable[Route] = ROUTES) -> None:
        """Give each route its share of the time; `caught` then holds the worst request of each shape."""
        climbs = [_Climb(route) for route in routes]
        end = self._clock() + seconds
        while (now := self._clock()) < end:
            climb = min(climbs, key=lambda one: one.spent / one.route.share)
            climb.learn(self._catch(self._next(climb)))
            climb.spent += max(self._clock() - now, _LEAST)

    def most_expensive(self, most: int, seconds: float = math.inf) -> list[Catch]:
        """Return the most expensive shapes, shrunk for at most `seconds`, and only one of similar ones."""
        found: dict[object, Catch] = {}
        end = self._clock() + seconds
        for catch in sorted(self.caught.values(), key=lambda catch: -catch.price):
            if len(found) == most:
                break
            of_route = [other for other in found.values() if other.request.route == catch.request.route]
            if len(of_route) < _OF_A_ROUTE and not any(_says_more(catch, other) for other in of_route):
                small = self.shrunk(catch, (end - self._clock()) * _PART)
                shape = shape_of(small.request)
                found[shape] = max(small, found.get(shape, small), key=lambda one: one.price)
        return sorted(found.values(), key=lambda catch: -catch.price)

    def shrunk(self, catch: Catch, seconds: float = math.inf) -> Catch:
        """Return the smallest request that costs nearly as much, as far as `seconds` allow."""
        least, smallest, went_on = catch.price * _KEPT, catch, True
        end = self._clock() + seconds
        while went_on:
            went_on = False
            for smaller in filter(makes_sense, _smaller(smallest.request)):
                if self._clock() >= end:
                    return smallest
                if (found := self._catch(smaller)).price >= least:
                    smallest, went_on = found, True
                    break
        return smallest

    def _next(self, climb: _Climb) -> Request:
        if climb.best is None or climb.misses < 0:
            return self._asker.any(climb.route)
        return self._asker.variant(climb.best.request)

    def _catch(self, request: Request) -> Catch:
        found, shape = Catch(request, self._price(request)), shape_of(request)
        self.asked += 1
        if shape not in self.caught or found.price > self.caught[shape].price:
            self.caught[shape] = found
        return found


def shape_of(request: Request) -> tuple[object, ...]:
    """Return what characterises a request apart from its values."""
    slips = request.slips()
    parts = {"(slip)" if at in slips else _part(*pair) for at, pair in enumerate(request.parameters)}
    headers = {f"{name}: {'many' if text.count(',') >= _MANY else 'few'}" for name, text in request.headers}
    deep = {"deep"} if request.after else set()
    return (request.route.name, *sorted(parts | headers | deep))


def _part(name: str, text: str) -> str:
    if name in ("sort", "format"):
        return f"{name}={text}"
    if name not in FILTERS:
        return name
    field, operator = FILTERS[name]
    if operator in TAKES_SEVERAL:
        return f"{field} {operator} {'many' if text.count(',') + 1 >= _MANY else 'few'}"
    return f"{field} {'range' if operator in _RANGE else operator}"


def _says_more(catch: Catch, known: Catch) -> bool:
    """Whether a request contains everything that another request of its route does."""
    return set(shape_of(known.request)) <= set(shape_of(catch.request))


def _smaller(request: Request) -> Iterator[Request]:
    """Yield the request with something left out, large parts first."""
    parameters = request.parameters
    if request.headers:
        yield replace(request, headers=())
        if len(request.headers) > 1:
            yield from (replace(request, headers=(pair,)) for pair in request.headers)
    if request.method != "GET":
        yield replace(request, method="GET")
    if request.after:
        yield replace(request, after=None)
    if len(parameters) > 3:
        yield replace(request, parameters=parameters[: len(parameters) // 2])
        yield replace(request, parameters=parameters[len(parameters) // 2 :])
    if parameters:
        yield from (request.without(at) for at in range(len(parameters)))
    for at in request.lists():
        values = parameters[at][1].split(",")
        if len(values) > 1:
            half = len(values) // 2
            yield request.changed(at, ",".join(values[:half]))
            yield request.changed(at, ",".join(values[half:]))
