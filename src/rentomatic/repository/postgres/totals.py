"""How many rooms match and what they cost, in PostgreSQL: from all of them or from a sample."""

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Sample
from rentomatic.repository.postgres.connections import Row, Session
from rentomatic.repository.postgres.plan import total_filter
from rentomatic.repository.postgres.statements import count, rows
from rentomatic.repository.sql import Sql, filters, sample_of_groups, sizes_sql

_BLOCKS = 1000
"""Blocks of the table that are about as many as a sample reads; one holds some 80 rooms."""

_SHARE = """
    SELECT least(1, ?::float8 / greatest(1, pg_relation_size('room') / current_setting('block_size')::int))
"""


def count_of(session: Session, query: RoomQuery, at_most: int | None) -> int:
    """How many rooms match, counted no further than `at_most`."""
    return count(session, [total_filter(session, query)], at_most)[0]


def prices_of(session: Session, query: RoomQuery) -> list[Row]:
    """The rooms that match in groups of one price each: it, their number, their extreme sizes."""
    where = total_filter(session, query)
    statement = f"SELECT price, count(*), {sizes_sql(query)} FROM room WHERE {where.text} GROUP BY price"
    return rows(session, Sql(statement, where.values))


def sample_of(session: Session, query: RoomQuery) -> Sample:
    """The rooms that match in some blocks of the table, the same ones as long as it does not change."""
    ((share,),) = rows(session, Sql(_SHARE, (_BLOCKS,)))
    where = filters(query)
    statement = f"""
        SELECT price, count(*), min(size), max(size) FROM room TABLESAMPLE SYSTEM (?) REPEATABLE (0)
        WHERE {where.text} GROUP BY price
    """
    return sample_of_groups(rows(session, Sql(statement, (100 * share, *where.values))), share)
