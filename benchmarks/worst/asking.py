"""Random requests and variants of them, made from the tables of fields, operators, sorts and formats."""

import random
from collections.abc import Callable
from dataclasses import replace

from benchmarks.worst.requests import EXPORTED, PAGED, Request, Route, makes_sense
from benchmarks.worst.values import Values
from rentomatic.domain.search import MAX_LIMIT, TAKES_SEVERAL, Operator
from rentomatic.requests.search import FILTERS, MAX_CONDITIONS, MAX_PARAMETERS, MAX_VALUES, Format

_LONGEST_HEADER = 6000
"""The most bytes of a request line that servers and proxies accept."""

_HEADER_ITEMS = {
    "Accept": ("text/x{}", "*/*;q=0.{}", "application/json;v={}"),
    "If-None-Match": ('"{}"', 'W/"{}"'),
    "If-Match": ('"{}"',),
    "Accept-Encoding": ("x{};q=0.5",),
    "Cookie": ("a{}=b",),
    "Origin": ("https://site{}.example",),
}
"""Headers that the application reads, and the items of which their lists are made."""


class Asker:
    """Creates requests for a route."""

    def __init__(self, values: Values, chance: random.Random) -> None:
        self._values = values
        self._chance = chance

    def any(self, route: Route) -> Request:
        """Return a request with some of what the route accepts."""
        path = route.path.replace("{code}", self._values.code() if "{code}" in route.path else "")
        request = Request(route, path)
        for name in route.parameters:
            if self._chance.random() < 0.4:
                request = request.with_(name, self._values.of(name))
        if route.filters:
            for _ in range(self._chance.choice((0, 0, 1, 1, 2, 2, 3, 5, MAX_CONDITIONS))):
                request = self._with_condition(request)
        if route.name in PAGED and self._chance.random() < 0.3:
            request = replace(request, after=self._values.room())
        return self._allowed(request)

    def variant(self, request: Request) -> Request:
        """Return the request with one to three changes."""
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            request = self._allowed(self._chance.choice(self._changes(request))(request))
        return request

    def _changes(self, request: Request) -> list[Callable[[Request], Request]]:
        """Return possible changes, the more promising ones several times."""
        changes: list[Callable[[Request], Request]] = [self._with_another_method, self._with_header]
        if request.route.parameters:
            changes += [self._with_parameter] * 3
        if request.route.filters:
            changes += [*[self._with_condition] * 3, self._with_slips]
        if request.parameters:
            changes += [self._with_less, *[self._with_other_value] * 6]
        if request.conditions():
            changes += [self._with_longer_list] * 3
        if request.route.name in PAGED:
            changes += [self._on_another_page] * 3
        if "{code}" in request.route.path:
            changes += [lambda _: self.any(request.route)] * 3
        return changes

    def _with_parameter(self, request: Request) -> Request:
        name = self._chance.choice(request.route.parameters)
        return request.with_(name, self._values.of(name))

    def _with_condition(self, request: Request) -> Request:
        names = [name for name, (_, op) in FILTERS.items() if op in TAKES_SEVERAL] * 2
        name = self._chance.choice([*FILTERS, *names])
        return request.with_(name, self._value(name))

    def _with_less(self, request: Request) -> Request:
        return request.without(self._chance.randrange(len(request.parameters)))

    def _with_other_value(self, request: Request) -> Request:
        at = self._chance.randrange(len(request.parameters))
        name = request.parameters[at][0]
        if at in request.slips():
            return request.without(at)
        return request.changed(at, self._value(name))

    def _with_longer_list(self, request: Request) -> Request:
        """Add values to one of the conditions, turning a comparison into an `in`."""
        at = self._chance.choice(request.conditions())
        name, text = request.parameters[at]
        field, operator = FILTERS[name]
        longer = f"{text},{self._values.several(field)}"
        if operator in TAKES_SEVERAL:
            return request.changed(at, longer)
        name = next(n for n, wanted in FILTERS.items() if wanted == (field, Operator.IN))
        return request.without(at).with_(name, longer)

    def _on_another_page(self, request: Request) -> Request:
        return replace(request, after=self._values.room() if self._chance.random() < 0.8 else None)

    def _with_another_method(self, request: Request) -> Request:
        return replace(request, method="HEAD" if request.method == "GET" else "GET")

    def _with_header(self, request: Request) -> Request:
        """Set a header with one or very many items, or remove one."""
        if request.headers and self._chance.random() < 0.5:
            return replace(request, headers=())
        name = self._chance.choice(list(_HEADER_ITEMS))
        item = self._chance.choice(_HEADER_ITEMS[name])
        number = self._chance.choice((1, _LONGEST_HEADER // (len(item) + 4)))
        text = ", ".join(item.format(at) for at in range(number))
        others = tuple(pair for pair in request.headers if pair[0] != name)
        return replace(request, headers=(*others, (name, text))[-2:])

    def _with_slips(self, request: Request) -> Request:
        """Add unknown names, or values that cannot be parsed."""
        name = self._chance.choice(list(FILTERS))
        slip = self._chance.choice((name[:-1] + "x", name.upper(), "x" * 60, name + "1" * 40))
        number = self._chance.choice((1, MAX_PARAMETERS))
        return replace(
            request, parameters=(*request.parameters, *((f"{slip}{n}", "1") for n in range(number)))
        )

    def _value(self, name: str) -> str:
        if name not in FILTERS:
            return self._values.of(name)
        field, operator = FILTERS[name]
        return self._values.several(field) if operator in TAKES_SEVERAL else self._values.single(field)

    def _allowed(self, request: Request) -> Request:
        """Shorten the request to what the route and the parser accept, so that few requests are refused."""
        for name in request.route.required:
            if name not in request.names():
                request = request.with_(name, self._values.of(name))
        given = dict(request.parameters)
        if request.route.exports and given["format"] not in EXPORTED:
            request = request.with_("format", str(self._chance.choice(EXPORTED)))
        if request.route.exports and not request.conditions():  # an export of all rooms is slow by itself
            request = self._with_condition(request)
        if request.route.name == "search" and given.get("format") in EXPORTED and "limit" not in given:
            request = request.with_("limit", str(MAX_LIMIT))
        if request.route.path == "/rooms/{code}" and given.get("format") in EXPORTED:
            request = request.with_("format", str(Format.JSON))
        if "near" not in given and not makes_sense(request):
            request = request.with_("near", self._values.of("near"))
        return _short(request)


def _short(request: Request) -> Request:
    """Cut conditions, values and characters to the accepted numbers, the longest list first."""
    while len(request.conditions()) > MAX_CONDITIONS:
        request = request.without(request.conditions()[0])
    while len(request.parameters) > MAX_PARAMETERS:
        request = request.without(request.slips()[0])
    for at in request.lists():
        distinct = [*dict.fromkeys(request.parameters[at][1].split(","))]
        request = request.changed(at, ",".join(distinct[:MAX_VALUES]))
    while (excess := request.excess) > 0:
        at = max((*request.conditions(), *request.slips()), key=lambda at: len(request.parameters[at][1]))
        text = request.parameters[at][1]
        shorter, comma, _ = text[: max(len(text) // 2, len(text) - excess)].rpartition(",")
        request = request.changed(at, shorter) if comma else request.without(at)
    return request
