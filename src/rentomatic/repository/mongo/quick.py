"""Whether MongoDB answers a search after looking at few rooms, as far as can be told before it is asked.

Its planner does not tell how far it goes. So what is quick is what surely is: a walk along an index that
leads to nothing but rooms of the page, and what a filter leaves whose rooms were counted along its index.
"""

from collections.abc import Iterator

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
from rentomatic.use_cases.errors import NotQuick

READ = 10_000
"""Rooms that are looked at for an answer that is quick."""

_LISTED = (Operator.EQ, Operator.IN)
_BOUNDS = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)


def require_quick_search(moment: Moment, query: RoomQuery) -> None:
    """Raise NotQuick where a page may take more than `READ` rooms."""
    sorted_by = query.sort.key.value
    bounds = all(c.field.value == sorted_by and c.operator in _BOUNDS for c in query.conditions)
    straight = bounds and not query.areas
    if not (straight or _are_few(moment, query)):
        raise NotQuick


def require_quick_count(moment: Moment, query: RoomQuery, at_most: int | None) -> None:
    """Raise NotQuick where looking at up to `at_most` rooms that match may take more than `READ` rooms."""
    everything = not (query.conditions or query.areas)
    few_wanted = everything and at_most is not None and at_most <= READ
    if not (few_wanted or _are_few(moment, query)):
        raise NotQuick


def _are_few(moment: Moment, query: RoomQuery) -> bool:
    """Whether there are few rooms in all, or a filter leaves few."""
    if moment.rooms.estimated_document_count() <= READ or not boxes_around(query):
        return True
    if any(c.field is Field.CODE and c.operator in _LISTED for c in query.conditions):
        return True
    return any(moment.count(filters, READ + 1) <= READ for filters in _indexed(query))


def _indexed(query: RoomQuery) -> Iterator[list[Document]]:
    """Filters each of which an index answers alone."""
    for field in (Field.PRICE, Field.SIZE, Field.CODE):
        filters = [
            condition_filter(c)
            for c in query.conditions
            if c.field is field and c.operator in (*_LISTED, *_BOUNDS)
        ]
        if filters:
            yield filters
    for circle in circles_of(query):
        yield [circle_filter(circle)]
    around = circles_around(query)
    if len(around) == 1:
        yield [circle_filter(around[0])]
