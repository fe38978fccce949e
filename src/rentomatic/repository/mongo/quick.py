"""Whether MongoDB will answer a search after reading few rooms, decided before it is asked.

Its planner does not say how much it will read. So a search counts as quick only if that is certain: it walks
an index that holds nothing but rooms of the page, or it has a filter whose rooms, counted along its index,
are few.
"""

from collections.abc import Iterator

from rentomatic.domain.fields import FOUND
from rentomatic.domain.search import Field, Operator, RoomQuery
from rentomatic.repository.areas import boxes_around
from rentomatic.repository.mongo.filters import (
    Document,
    circle_filter,
    circles_around,
    circles_of,
    condition_filter,
)
from rentomatic.repository.mongo.search import Moment
from rentomatic.repository.mongo.words import by_word
from rentomatic.use_cases.errors import NotQuick

READ = 10_000
"""A quick answer reads at most this many rooms."""

_LISTED = (Operator.EQ, Operator.IN)
_BOUNDS = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)


def require_quick_search(moment: Moment, query: RoomQuery) -> None:
    """Raise NotQuick if a page may read more than `READ` rooms."""
    sorted_by = query.sort.key.value
    bounds = all(c.field.value == sorted_by and c.operator in _BOUNDS for c in query.conditions)
    straight = bounds and not (query.areas or query.words)
    if not (straight or _are_few(moment, query)):
        raise NotQuick


def require_quick_count(moment: Moment, query: RoomQuery, at_most: int | None) -> None:
    """Raise NotQuick if counting up to `at_most` matches may read more than `READ` rooms."""
    everything = not (query.conditions or query.areas or query.words)
    few_wanted = everything and at_most is not None and at_most <= READ
    if not (few_wanted or _are_few(moment, query)):
        raise NotQuick


def _are_few(moment: Moment, query: RoomQuery) -> bool:
    """Whether there are few rooms in all, or one filter leaves few."""
    if moment.rooms.estimated_document_count() <= READ or not boxes_around(query):
        return True
    if any(c.field is Field.CODE and c.operator in _LISTED for c in query.conditions):
        return True
    return any(moment.count(filters, READ + 1) <= READ for filters in _indexed(query))


def _indexed(query: RoomQuery) -> Iterator[list[Document]]:
    """Yield filters that one index can answer."""
    for field in FOUND:
        filters = [
            condition_filter(c)
            for c in query.conditions
            if c.field is field and c.operator in (*_LISTED, *_BOUNDS, Operator.ALL)
        ]
        if filters:
            yield filters
    yield from ([filter_] for filter_ in by_word(query))
    for circle in circles_of(query):
        yield [circle_filter(circle)]
    around = circles_around(query)
    if len(around) == 1:
        yield [circle_filter(around[0])]
