"""What a search asks of a PostgreSQL connection."""

from collections.abc import Generator

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery, SortKey
from rentomatic.repository.keyset import segments
from rentomatic.repository.nearest import in_exact_order
from rentomatic.repository.postgres.nearest import nearest_rooms
from rentomatic.repository.postgres.plan import one_plan_fits_all, page_source
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import distance_sql, fetched, rows, select
from rentomatic.repository.sql import ANYTHING, ROOM_COLUMNS, Sql, filters, order_sql, room_of, segment_sql


def room_of_code(session: Session, code: str) -> Room | None:
    """The room of that code."""
    found = rows(session, Sql(f"SELECT {ROOM_COLUMNS} FROM room WHERE code = ?", (code,)), prepare=True)
    return room_of(found[0]) if found else None


def takes_one_statement(query: RoomQuery) -> bool:
    """Whether a page of the search is read by a single statement."""
    first = query.after is None and query.sort.key is not SortKey.SIZE
    return one_plan_fits_all(query) and (first or query.sort.key is SortKey.CODE)


def first_rooms(session: Session, query: RoomQuery, wanted: int) -> list[Room]:
    """The first so many rooms in the order of the search, from `after` on."""
    if query.sort.key is SortKey.DISTANCE:
        return nearest_rooms(session, query, wanted)
    rooms: list[Room] = []
    source, one_plan = page_source(session, query), one_plan_fits_all(query)
    for segment in segments(query):
        statement = select(source, segment_sql(segment), order_sql(segment), wanted - len(rooms))
        rooms += map(room_of, rows(session, statement, one_plan))
        if len(rooms) == wanted:
            break
    return rooms


def all_rooms(session: Session, query: RoomQuery) -> Generator[Room, None, None]:
    """Every room of the search in its order, fetched as it is asked for. Needs a transaction."""
    where = filters(query)
    source = Sql(f"FROM room WHERE {where.text}", where.values)
    if query.sort.key is SortKey.DISTANCE:
        found = fetched(session, select(source, ANYTHING, distance_sql(query)))
        yield from in_exact_order(query, map(room_of, found))
        return
    for segment in segments(query):
        yield from map(room_of, fetched(session, select(source, segment_sql(segment), order_sql(segment))))
