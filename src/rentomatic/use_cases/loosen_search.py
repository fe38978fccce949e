"""How to loosen a search that finds nothing, and how many rooms each change would find."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations, islice

from rentomatic.domain.geography import Area, BoundingBox, Circle
from rentomatic.domain.room import MAX_INTEGER
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery
from rentomatic.domain.summary import Bucket, Summary
from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.use_cases.ports import RoomRepository

RADII = (250, 500, 1000, 2000, 3000, 5000, 10_000, 25_000, 50_000)
"""The usual radii, in metres."""

MOST = 4
"""The most suggestions: more would not be read."""

COUNT_TO = 1000
"""Counting stops here: beyond it, only "more" matters."""

FEW = 3
"""A looser price limit should let in at least this many rooms, if there are that many."""


class Filter(StrEnum):
    """A filter to loosen, the most useful first."""

    PRICE_TO = "price_to"
    RADIUS = "radius"
    BOX = "box"
    SIZE_FROM = "size_from"
    SIZE_TO = "size_to"
    PRICE_FROM = "price_from"
    WORDS = "words"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Filters to loosen to a value (a price, m² or metres), or to remove if the value is None.

    rooms: the exact number of matches then, counted up to `COUNT_TO` + 1.
    """

    filters: tuple[Filter, ...]
    value: int | None
    rooms: int


_ENDS: dict[Filter, tuple[Field, Operator, Operator]] = {
    Filter.PRICE_TO: (Field.PRICE, Operator.LTE, Operator.LT),
    Filter.PRICE_FROM: (Field.PRICE, Operator.GTE, Operator.GT),
    Filter.SIZE_TO: (Field.SIZE, Operator.LTE, Operator.LT),
    Filter.SIZE_FROM: (Field.SIZE, Operator.GTE, Operator.GT),
}
_BOUNDS = {(field, op): which for which, (field, *operators) in _ENDS.items() for op in operators}
_UPPER = (Filter.PRICE_TO, Filter.SIZE_TO)


def loosen_search(
    repository: RoomRepository,
    query: RoomQuery,
    budget: Budget,
) -> list[Suggestion]:
    """Return at most `MOST` looser searches that find rooms, the most useful first.

    Loosens one filter if that helps, else removes two, or all. Leaves out what cannot be counted within the
    budget.
    """
    return _Advisor(repository, query, budget).suggestions()


def filters_of(query: RoomQuery) -> tuple[Filter, ...]:
    """Return the filters that are set."""
    on = {_filter_of(part) for part in (*query.conditions, *query.areas)}
    on |= {Filter.WORDS} if query.words else set()
    return tuple(which for which in Filter if which in on)


class _Advisor:
    """Queries the storage about looser searches until the budget is spent.

    Each query gets half of what is left, so that a slow one leaves time for the others.
    """

    def __init__(self, repository: RoomRepository, query: RoomQuery, budget: Budget) -> None:
        self._repository = repository
        self._query = query
        self._budget = budget

    def suggestions(self) -> list[Suggestion]:
        on = filters_of(self._query)
        if single := list(islice(self._answered(self._loosened, ((which,) for which in on)), MOST)):
            return single
        pairs = combinations(on, 2) if len(on) > 2 else ()
        several = list(islice(self._answered(self._taken_off, pairs), MOST - 1))
        return several + list(self._answered(self._taken_off, [on] if len(on) > 1 else ()))

    def _answered(
        self,
        ask: Callable[[tuple[Filter, ...]], Suggestion],
        choices: Iterable[tuple[Filter, ...]],
    ) -> Iterator[Suggestion]:
        """Yield the suggestions that find rooms and are ready in time."""
        for filters in choices:
            with suppress(OutOfTime):
                suggestion = ask(filters)
                if suggestion.rooms:
                    yield suggestion

    def _loosened(self, filters: tuple[Filter, ...]) -> Suggestion:
        (which,) = filters
        with suppress(OutOfTime):
            if which is Filter.RADIUS:
                return self._wider()
            if which in _ENDS:
                return self._further(which)
        return self._taken_off(filters)

    def _taken_off(self, filters: tuple[Filter, ...]) -> Suggestion:
        return Suggestion(filters, None, self._count(_without(self._query, filters)))

    def _further(self, which: Filter) -> Suggestion:
        """Suggest the first round limit that lets in a few rooms, or for a size any room."""
        field, operator, _ = _ENDS[which]
        rest = _without(self._query, (which,))
        summary = self._repository.summarise(rest, self._budget.share(0.5))
        wanted = min(FEW, summary.count) if field is Field.PRICE else 1
        for value in _limits(which, summary):
            condition = Condition(field, operator, value)
            rooms = self._count(replace(rest, conditions=(*rest.conditions, condition)))
            if rooms >= wanted:
                return Suggestion((which,), value, rooms)
        return Suggestion((which,), None, min(summary.count, COUNT_TO + 1))

    def _wider(self) -> Suggestion:
        """Suggest the smallest usual radius with any room, else any distance."""
        rest = _without(self._query, (Filter.RADIUS,))
        circles = [area for area in self._query.areas if isinstance(area, Circle)]
        steps = [metres for metres in RADII if metres > min(circle.radius for circle in circles)]

        def within(metres: int) -> RoomQuery:
            wider = (Circle(circle.centre, max(circle.radius, metres)) for circle in circles)
            return replace(rest, areas=(*rest.areas, *wider))

        found = bisect_left(steps, 1, key=lambda metres: self._count(within(metres), at_most=1))
        if found == len(steps):
            return self._taken_off((Filter.RADIUS,))
        return Suggestion((Filter.RADIUS,), steps[found], self._count(within(steps[found])))

    def _count(self, query: RoomQuery, at_most: int = COUNT_TO + 1) -> int:
        return self._repository.count(query, at_most, self._budget.share(0.5))


def _filter_of(part: Condition | Area) -> Filter:
    match part:
        case BoundingBox():
            return Filter.BOX
        case Circle():
            return Filter.RADIUS
    return _BOUNDS.get((part.field, part.operator), Filter.OTHER)


def _without(query: RoomQuery, filters: tuple[Filter, ...]) -> RoomQuery:
    return replace(
        query,
        conditions=tuple(part for part in query.conditions if _filter_of(part) not in filters),
        areas=tuple(part for part in query.areas if _filter_of(part) not in filters),
        words=() if Filter.WORDS in filters else query.words,
    )


def _limits(which: Filter, summary: Summary) -> Iterator[int]:
    """Yield round limits, nearest first: with any room, for prices with a few rooms, then with all."""
    upper, of_prices = which in _UPPER, _ENDS[which][0] is Field.PRICE
    extremes = summary.price if of_prices else summary.size
    if extremes is None:
        return
    near, far = (extremes.lowest, extremes.highest) if upper else (extremes.highest, extremes.lowest)
    for limit in (near, *_edge(summary.histogram, upper), far) if of_prices else (near,):
        rounded = _rounded(limit, upper)
        if (0 if upper else 1) <= rounded <= MAX_INTEGER:
            yield rounded


def _edge(histogram: tuple[Bucket, ...], upper: bool) -> Iterator[int]:
    """Yield the price up to which the first buckets, or from which the last, hold a few rooms together."""
    seen = 0
    for bucket in histogram if upper else reversed(histogram):
        seen += bucket.count
        if seen >= FEW:
            if not upper:
                yield bucket.lowest
            elif bucket.below is not None:
                yield bucket.below - 1
            return


def _rounded(value: int, up: bool) -> int:
    """Return the next multiple of the largest of 1, 2, 5, 10, 20, 50 … up to a tenth of the value."""
    steps = (digit * 10**power for power in range(9) for digit in (1, 2, 5))
    step = max((step for step in steps if 10 * step <= value), default=1)
    return -(-value // step) * step if up else value // step * step
