"""How a search runs on PostgreSQL: what is read whole and sorted, and what is looked for along an index.

PostgreSQL knows from its statistics how many rooms a price leaves, but not how many an area or two
filters together leave, and a plan that walks the order of the search until the page is full takes long
where they leave next to none. So these are counted first, as far as `NARROW`: what few rooms meet is
read whole and sorted, behind a fence that the planner does not look across.
"""

from operator import itemgetter

from rentomatic.domain.search import Field, Operator, RoomQuery, SortKey
from rentomatic.repository.areas import WHOLE_EARTH, boxes_around
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import count, estimate, in_boxes, read_whole
from rentomatic.repository.sql import Sql, all_of, area_sql, condition_sql, filters, ranges

NARROW = 2000
"""Rooms that are sorted in less time than looking for them along an order may take."""

_READ, _MOST_READ = 10, 40
"""So many times as many rooms of an area are read whole, and at most."""

_MANY = 10
"""One room in so many: an order leads to a page of them soon, even where all of an area are dear."""

_SMALL_PART = 20
"""So many times as many rooms of an area are counted by their index; beyond that, by reading the table."""


def page_source(session: Session, query: RoomQuery) -> Sql:
    """`FROM … WHERE …` of all rooms that match, in a form that leads to the best plan of a page."""
    boxes = boxes_around(query)
    by_place = boxes != [WHOLE_EARTH]
    if are_few(session, query) or (by_place and estimate(session, query) <= _readable(session, query)):
        return read_whole(query, boxes)
    areas = all_of(map(area_sql, query.areas))
    where = all_of((*map(condition_sql, query.conditions), _anywhere(areas)))
    return Sql(f"FROM room WHERE {where.text}", where.values)


def _readable(session: Session, query: RoomQuery) -> int:
    """How many rooms of an area are read whole rather than looked for along the order."""
    if query.sort.key is SortKey.CODE:  # which says nothing of the place
        return _READ * NARROW
    return max(_READ * NARROW, min(_MOST_READ * NARROW, estimate(session, RoomQuery()) // _MANY))


def _anywhere(areas: Sql) -> Sql:
    """The areas in a form that uses no index, and that PostgreSQL takes half of all rooms to meet."""
    return Sql(f"CASE WHEN {areas.text} THEN true ELSE false END", areas.values) if areas.values else areas


def are_few(session: Session, query: RoomQuery) -> bool:
    """Whether few rooms match, as far as an index alone can tell."""
    if ranges(query, Field.CODE, frozenset({Operator.EQ, Operator.IN})):
        return True
    by_price, by_size = ranges(query, Field.PRICE), ranges(query, Field.SIZE)
    probes, boxes = [], boxes_around(query)
    if by_price and by_size:
        probes.append(all_of(map(condition_sql, (*by_price, *by_size))))
    if boxes != [WHOLE_EARTH]:
        probes.append(in_boxes(boxes))
    return bool(probes) and min(count(session, probes, NARROW + 1)) <= NARROW


def total_filter(session: Session, query: RoomQuery, at_most: int | None = None) -> Sql:
    """All that must hold of a room, so that the index of places is read where that is best.

    That is where an area is a small part of all, and where no more than `at_most` of its rooms are counted.
    """
    where, boxes = filters(query), boxes_around(query)
    if boxes == [WHOLE_EARTH]:
        return where
    few = few_filter(session, query)
    return few or (where if at_most is None else all_of((where, in_boxes(boxes))))


def few_filter(session: Session, query: RoomQuery) -> Sql | None:
    """All that must hold of a room, where an index tells that few enough to read them all may; else None."""
    where, boxes, most = filters(query), boxes_around(query), _SMALL_PART * NARROW
    if ranges(query, Field.CODE, frozenset({Operator.EQ, Operator.IN})):
        return where
    ways: dict[Sql, Sql] = {}
    if by_value := (*ranges(query, Field.PRICE), *ranges(query, Field.SIZE)):
        ways[all_of(map(condition_sql, by_value))] = where
    if boxes != [WHOLE_EARTH]:
        ways[in_boxes(boxes)] = all_of((where, in_boxes(boxes)))
    counted = zip(count(session, ways, most + 1), ways.values(), strict=True) if ways else ()
    fewest, best = min(counted, key=itemgetter(0), default=(most + 1, None))
    return best if fewest <= most else None


def one_plan_fits_all(query: RoomQuery) -> bool:
    """Whether walking the index of the sort is best whatever the values are."""
    return not query.areas and all(c.field.value == query.sort.key.value for c in query.conditions)
