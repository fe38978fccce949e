"""How many rooms match and what they cost, in PostgreSQL: from all of them or from a sample."""

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Sample
from rentomatic.repository.postgres.plan import total_filter
from rentomatic.repository.postgres.sampling import sampled_rooms
from rentomatic.repository.postgres.session import Row, Session
from rentomatic.repository.postgres.statements import count, rows
from rentomatic.repository.sql import Sql, filters, sample_of_groups, sizes_sql


def count_of(session: Session, query: RoomQuery, at_most: int | None) -> int:
    """How many rooms match, counted no further than `at_most`."""
    return count(session, [total_filter(session, query, at_most)], at_most)[0]


def prices_of(session: Session, query: RoomQuery) -> list[Row]:
    """The rooms that match in groups of one price each: it, their number, their extreme sizes."""
    where = total_filter(session, query)
    statement = f"SELECT price, count(*), {sizes_sql(query)} FROM room WHERE {where.text} GROUP BY price"
    return rows(session, Sql(statement, where.values))


def sample_of(session: Session, query: RoomQuery) -> Sample:
    """The rooms that match among some of all, the same ones as long as the table does not change."""
    (source, share), where = sampled_rooms(session), filters(query)
    found = f"{source.text} WHERE {where.text}"
    statement = f"SELECT price, count(*), min(size), max(size) {found} GROUP BY price"
    return sample_of_groups(rows(session, Sql(statement, where.values)), share)
