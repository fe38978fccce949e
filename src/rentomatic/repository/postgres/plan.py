"""How a search runs on PostgreSQL: what is read whole and sorted, and what is looked for along an index.

A walk along the order of the search finds a page soon, unless the rooms that match are few or stand late in
it. So the rooms that a filter leaves are counted first, as far as `NARROW`: few are read whole and sorted.
Else the order is walked, for up to `WALKED` rooms. Without a page by then, up to `READ` rooms that a filter
leaves are read whole. All that is quick. What is not is a longer walk where many rooms should match, and is
read whole else, in the way that PostgreSQL expects least of.
"""

from rentomatic.domain.search import Field, Operator, RoomQuery
from rentomatic.repository.areas import EVERYWHERE, boxes_around
from rentomatic.repository.postgres.runs import BOUNDS
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import estimate, read_whole
from rentomatic.repository.postgres.ways import way_to_few
from rentomatic.repository.sql import Sql, filters

NARROW = 2000
"""Rooms that are sorted in less time than looking for them along an order may take."""

WALKED = 10_000
"""Rooms that are passed along an order, in about 10 ms of a processor."""

READ = 20_000
"""Rooms that a quick search reads whole, in about 20 ms of a processor."""

FEW = 10_000
"""Rooms that are read whole for a total or a map where a sample would do: reading that takes as long."""

LONG_WALK = 10 * WALKED

_MOST_READ = 80_000
"""Rooms of an area that are read in less time than an order may take to lead to them."""

_MANY = 10
"""One room in ten: an order leads to a page of them soon, and an index of places to all of them late."""

_SMALL_PART = 20
"""This many times `NARROW` rooms are read for a total; beyond that, the table."""


def readable_area(session: Session, query: RoomQuery) -> bool:
    """Whether the rooms in the areas seem to be few enough to read all of them by the index of places."""
    if boxes_around(query) == EVERYWHERE:
        return False
    expected = estimate(session, query)
    return expected <= READ or (expected <= _MOST_READ and not _are_many(session, expected))


def many_should_match(session: Session, query: RoomQuery) -> bool:
    """Whether PostgreSQL expects so many rooms to match that a long walk is worth a try."""
    return _are_many(session, estimate(session, query))


def _are_many(session: Session, rooms: int) -> bool:
    return rooms > estimate(session, RoomQuery()) // _MANY


def total_source(session: Session, query: RoomQuery, at_most: int | None = None) -> Sql:
    """`FROM … WHERE …` of all rooms that match, by the index of places where that is best.

    That is where an area is a small part of all, and where no more than `at_most` of its rooms are counted.
    """
    if boxes_around(query) == EVERYWHERE:
        return _planned(query)
    few = few_source(session, query, _SMALL_PART * NARROW)
    return few or (_planned(query) if at_most is None else read_whole(query, boxes_around(query)))


def few_source(session: Session, query: RoomQuery, most: int) -> Sql | None:
    """The same where an index shows that at most `most` rooms may match, else None."""
    way = way_to_few(session, query, most)
    if way is None:
        return None
    return read_whole(query, boxes_around(query)) if way.by_place else _planned(query)


def _planned(query: RoomQuery) -> Sql:
    """`FROM … WHERE …` of all rooms that match, in the way that PostgreSQL expects least of."""
    where = filters(query)
    return Sql(f"FROM room WHERE {where.text}", where.values)


def one_plan_fits_all(query: RoomQuery) -> bool:
    """Whether walking the index of the sort is best whatever the values are: it leads to nothing else."""
    return not query.areas and all(
        c.field.value == query.sort.key.value
        and (c.operator in BOUNDS or (c.field is Field.CODE and c.operator is Operator.NE))
        for c in query.conditions
    )
