"""How a search runs on PostgreSQL: which rooms are read whole and sorted, and when an index is walked.

Walking an index in the order of the search finds a page soon, unless few rooms match or they come late in the
order. So the rooms that a filter leaves are first counted, up to `NARROW`: if few, they are read whole and
sorted. Otherwise the order is walked for up to `WALKED` rooms. If the page is not full by then, up to `READ`
rooms that a filter leaves are read whole. All of this is quick. An expensive search walks further if many
rooms should match, and otherwise reads all matches with the plan that PostgreSQL expects to be cheapest.
"""

from rentomatic.domain.search import Field, Operator, RoomQuery
from rentomatic.repository.areas import EVERYWHERE, boxes_around
from rentomatic.repository.implied_words import implied_terms
from rentomatic.repository.postgres.runs import BOUNDS, worded
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import estimate, estimate_of, read_first, read_whole
from rentomatic.repository.postgres.ways import rarest_terms, way_to_few
from rentomatic.repository.postgres.words import filters, says
from rentomatic.repository.sql import Sql

NARROW = 2000
"""Up to this many rooms are faster to sort than to find along an order."""

WALKED = 10_000
"""Rooms that are passed along an order in about 10 ms of processor time."""

READ = 20_000
"""Rooms that a quick search reads whole, in about 20 ms of processor time."""

FEW = 10_000
"""Up to this many rooms are read whole for a total or a map; sampling would take as long."""

LONG_WALK = 10 * WALKED

_MOST_READ = 80_000
"""Up to this many rooms of an area may be faster to read whole than to find along an order."""

_MANY = 10
"""If more than one room in ten matches, an order fills a page sooner than reading the whole area."""

_SMALL_PART = 20
"""A total reads up to this many times `NARROW` rooms by an index; beyond that, the table."""


def readable_area(session: Session, query: RoomQuery) -> bool:
    """Whether the areas seem to hold few enough rooms to read all of them by the index on places."""
    if boxes_around(query) == EVERYWHERE:
        return False
    expected = estimate(session, query, words=False)  # words leave out rooms, but those are read, too
    return expected <= READ or (expected <= _MOST_READ and not _are_many(session, expected))


def many_should_match(session: Session, query: RoomQuery) -> bool:
    """Whether PostgreSQL expects enough matches for a long walk to find a page."""
    return _are_many(session, estimate(session, query))


def _are_many(session: Session, rooms: int) -> bool:
    return rooms > estimate(session, RoomQuery()) // _MANY


def total_source(session: Session, query: RoomQuery, at_most: int | None = None) -> Sql:
    """Return `FROM … WHERE …` for all matching rooms, by the index on places where that is best.

    It is best for an area with a small part of all rooms, and for counting at most `at_most` rooms of an
    area.
    """
    if boxes_around(query) == EVERYWHERE:
        return _planned(session, query)
    few = few_source(session, query, _SMALL_PART * NARROW)
    return few or (_planned(session, query) if at_most is None else read_whole(query, boxes_around(query)))


def few_source(session: Session, query: RoomQuery, most: int) -> Sql | None:
    """Return the same if an index shows that at most `most` rooms may match, else None."""
    way = way_to_few(session, query, most)
    if way is None:
        return None
    if way.by_place:
        return read_whole(query, boxes_around(query))
    return read_first(query, way.rooms) if implied_terms(query) else _planned(session, query)


def by_words(session: Session, query: RoomQuery) -> Sql | None:
    """Return `FROM … WHERE …` for all matching rooms, by the index of words.

    None if it seems faster to read all rooms.
    """
    if not implied_terms(query):
        return None
    rooms = estimate(session, RoomQuery())
    # A rare word alone leads to few rooms; common ones beside it would only take longer.
    terms = rarest_terms(session, query, _SMALL_PART * NARROW) or rarest_terms(session, query, rooms)
    if not terms or estimate_of(session, says(terms)) > rooms // _MANY:
        return None
    return read_first(query, worded(terms)(None))


def everywhere(session: Session, query: RoomQuery) -> Sql:
    """Return `FROM … WHERE …` for all matching rooms, to be sorted."""
    return by_words(session, query) or read_whole(query, EVERYWHERE)


def _planned(session: Session, query: RoomQuery) -> Sql:
    """Return `FROM … WHERE …` for all matching rooms, by words or else as PostgreSQL plans it."""
    if found := by_words(session, query):
        return found
    where = filters(query)
    return Sql(f"FROM room WHERE {where.text}", where.values)


def one_plan_fits_all(query: RoomQuery) -> bool:
    """Whether walking the sort's index is always best, because the walk passes only matching rooms."""
    return not (query.areas or query.words) and all(
        c.field.value == query.sort.key.value
        and (c.operator in BOUNDS or (c.field is Field.CODE and c.operator is Operator.NE))
        for c in query.conditions
    )
