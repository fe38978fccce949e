"""What a search asks of a PostgreSQL connection."""

from collections.abc import Generator

from rentomatic.domain.fields import FIELD
from rentomatic.domain.room import Room
from rentomatic.domain.search import Field, RoomQuery, SortKey
from rentomatic.repository.areas import boxes_around
from rentomatic.repository.by_hand import Values, room_of_row
from rentomatic.repository.keyset import Segment, segments
from rentomatic.repository.nearest import in_exact_order
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.nearest import nearest_rooms
from rentomatic.repository.postgres.runs import Run, bounds, passed
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import (
    distance_sql,
    fetched,
    first_by_place,
    read_first,
    read_whole,
    rows,
    select,
)
from rentomatic.repository.postgres.ways import way_at_once, way_to_few
from rentomatic.repository.postgres.words import filters
from rentomatic.repository.sql import (
    ANYTHING,
    COLUMNS,
    Sql,
    all_of,
    condition_sql,
    order_sql,
    row_sql,
    segment_sql,
)
from rentomatic.use_cases.errors import NotQuick


def room_of_code(session: Session, code: str) -> Room | None:
    """Return the room with the code."""
    row = row_of_code(session, code)
    return room_of_row(row) if row else None


def row_of_code(session: Session, code: str) -> Values | None:
    """Return the row with the code."""
    return next(iter(rows(session, row_sql(code), prepare=True)), None)


def takes_one_statement(query: RoomQuery) -> bool:
    """Whether a page of the search is read by a single statement."""
    key = query.sort.key
    stated = key is SortKey.DISTANCE or not FIELD[Field(key)].optional
    return plan.one_plan_fits_all(query) and (key is SortKey.CODE or (query.after is None and stated))


def first_rooms(session: Session, query: RoomQuery, wanted: int, *, quick: bool = False) -> list[Room]:
    """Return the first `wanted` rooms in the order of the search, from `after` on.

    quick: raise NotQuick instead of reading more rooms than `plan` calls quick.
    """
    if query.sort.key is SortKey.DISTANCE:
        return nearest_rooms(session, query, wanted, quick=quick)
    if plan.one_plan_fits_all(query):
        return _along_index(session, query, wanted)
    way = way_at_once(session, query, plan.NARROW)
    if way is None and not quick and plan.readable_area(session, query):
        return _of_area(session, query, wanted)
    if way is None:
        rooms = _walked(session, query, wanted, plan.WALKED)
        if rooms is None and not quick and plan.many_should_match(session, query):
            rooms = _walked(session, query, wanted, plan.LONG_WALK)
        if rooms is not None:
            return rooms
        way = way_to_few(session, query, plan.READ)
        if way is None and quick:
            raise NotQuick
    source = read_first(query, way.rooms) if way else plan.everywhere(session, query)
    return _of_all(session, query, wanted, source)


def _along_index(session: Session, query: RoomQuery, wanted: int) -> list[Room]:
    """Return the first `wanted` rooms, where the sort's index holds nothing but matching rooms."""
    where, rooms = filters(query), list[Room]()
    for segment in segments(query):
        source = Sql(f"FROM room WHERE {where.text}", where.values)
        statement = select(source, segment_sql(segment), _order(segment), wanted - len(rooms))
        rooms += map(room_of_row, rows(session, statement, prepare=True))
        if len(rooms) == wanted:
            break
    return rooms


def _walked(session: Session, query: RoomQuery, wanted: int, most: int) -> list[Room] | None:
    """Return the first `wanted` rooms, or all if fewer; None if more than `most` rooms must be passed."""
    rooms, left = list[Room](), most
    for segment in segments(query):
        run = _run(query, segment)
        statement = select(read_first(query, run(left)), ANYTHING, _order(segment), wanted - len(rooms))
        rooms += map(room_of_row, rows(session, statement))
        if len(rooms) == wanted:
            return rooms
        left -= passed(session, run, left + 1)
        if left < 0:
            return None
    return rooms


def _run(query: RoomQuery, segment: Segment) -> Run:
    """Return the run of a segment's rooms in their order, within the bounds on the sort's field."""
    where = all_of((segment_sql(segment), *map(condition_sql, bounds(query, Field(query.sort.key)))))
    order = _order(segment)
    return lambda most: Sql(
        f"(SELECT * FROM room WHERE {where.text} ORDER BY {order} LIMIT {most})", where.values
    )


def _of_all(session: Session, query: RoomQuery, wanted: int, source: Sql) -> list[Room]:
    """Return the first `wanted` rooms after sorting all that match."""
    statement = select(source, _on_page(query), _whole_order(query), wanted)
    return [*map(room_of_row, rows(session, statement))]


def _of_area(session: Session, query: RoomQuery, wanted: int) -> list[Room]:
    """Return the same from areas with many rooms, reading the index on places."""
    source = read_whole(query, boxes_around(query))
    return [*map(room_of_row, first_by_place(session, source, _on_page(query), _whole_order(query), wanted))]


def _on_page(query: RoomQuery) -> Sql:
    """Return the condition for the rooms from `after` on."""
    later = [segment_sql(segment) for segment in segments(query)]
    return Sql(f"({' OR '.join(p.text for p in later)})", tuple(value for p in later for value in p.values))


def _order(segment: Segment) -> str:
    """Return the order within a segment; the unstated value comes first, so that an index always has it."""
    return f"{COLUMNS[segment.by]}, {order_sql(segment)}" if segment.stated is False else order_sql(segment)


def _whole_order(query: RoomQuery) -> str:
    """Return the order of all segments together."""
    column = COLUMNS[Field(query.sort.key)]
    return f"{column} {'DESC NULLS LAST' if query.sort.descending else 'ASC NULLS LAST'}, code"


def all_rooms(session: Session, query: RoomQuery) -> Generator[Room, None, None]:
    """Yield every room of the search in its order, fetching lazily. Needs a transaction."""
    where = filters(query)
    source = plan.by_words(session, query) or Sql(f"FROM room WHERE {where.text}", where.values)
    if query.sort.key is SortKey.DISTANCE:
        found = fetched(session, select(source, ANYTHING, distance_sql(query)))
        yield from in_exact_order(query, map(room_of_row, found))
        return
    for segment in segments(query):
        statement = select(source, segment_sql(segment), _order(segment))
        yield from map(room_of_row, fetched(session, statement))
