"""The search: from the most expensive of some random requests to worse variants, then to small ones."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from benchmarks.worst.asking import Asker
from benchmarks.worst.requests import ROUTES, Request, Route, makes_sense
from rentomatic.domain.search import Operator
from rentomatic.requests.search import FILTERS

Price = Callable[[Request], float]
"""How expensive a request is, in seconds for most of them."""

FIRST = 6
"""Random requests, the most expensive of which a climb starts from."""

_PATIENCE = 12
"""Variants in a row that cost no more, after which a climb ends."""

_KEPT = 0.8
"""Of its price, what a request has to keep when something is left out of it."""

_PART = 0.2
"""Of the time that is left for making requests small, what one of them may take."""

_OF_A_ROUTE = 4
"""The most requests of one route in the results."""

_LEAST = 1e-9
"""Seconds that each request counts for at least."""

_MANY = 100
"""Values of a list that count as many."""

_RANGE = frozenset({Operator.LT, Operator.LTE, Operator.GT, Operator.GTE})


@dataclass(frozen=True, slots=True)
class Catch:
    """A request and its price."""

    request: Request
    price: float


@dataclass(slots=True)
class _Climb:
    """The way up on one route. misses: in a row; before the first climb, random requests still to come.

    spent: seconds.
    """

    route: Route
    best: Catch | None = None
    misses: int = -FIRST
    spent: float = 0.0

    def learn(self, found: Catch) -> None:
        """Go on from what was found if it costs more, and start again after too many that do not."""
        is_new_worst = self.best is None or found.price > self.best.price
        if is_new_worst:
            self.best = found
        self.misses = 0 if is_new_worst and self.misses >= 0 else self.misses + 1
        if self.misses == _PATIENCE:
            self.best, self.misses = None, -FIRST


class Hunt:
    """Looks for the most expensive requests of each route.

    clock: seconds, by which the hunt keeps to its time.
    """

    def __init__(self, asker: Asker, price: Price, clock: Callable[[], float] = time.monotonic) -> None:
        self._asker = asker
        self._price = price
        self._clock = clock
        self.asked = 0
        self.caught: dict[object, Catch] = {}

    def run(self, seconds: float, routes: Iterable[Route] = ROUTES) -> None:
        """Give each route its share of the time; `caught` then has the worst request of each shape."""
        climbs = [_Climb(route) for route in routes]
        end = self._clock() + seconds
        while (now := self._clock()) < end:
            climb = min(climbs, key=lambda one: one.spent / one.route.share)
            climb.learn(self._catch(self._next(climb)))
            climb.spent += max(self._clock() - now, _LEAST)

    def most_expensive(self, most: int, seconds: float = math.inf) -> list[Catch]:
        """The worst shapes, shrunk for at most so many seconds; only one of those that are alike."""
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
        """The smallest request that costs nearly as much, as far as it is found in so many seconds."""
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
    """What a request is like whatever its values are."""
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
    if operator is Operator.IN:
        return f"{field} in {'many' if text.count(',') + 1 >= _MANY else 'few'}"
    return f"{field} {'range' if operator in _RANGE else operator}"


def _says_more(catch: Catch, known: Catch) -> bool:
    """Whether a request says all that another of its route says, and perhaps more."""
    return set(shape_of(known.request)) <= set(shape_of(catch.request))


def _smaller(request: Request) -> Iterator[Request]:
    """The same with something left out, much at once first."""
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
