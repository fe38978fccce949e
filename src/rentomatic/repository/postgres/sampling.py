"""Samples of bounded size from PostgreSQL, which represent all rooms."""

from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import rows
from rentomatic.repository.postgres.words import filters
from rentomatic.repository.sql import Sql

RUNS = 200
RUN = 2
"""A sample has `RUNS` runs of `RUN` consecutive blocks, evenly spread; a block holds about 80 rooms.

Single random blocks, as TABLESAMPLE takes them, would miss some towns when a listing is sorted by town.
"""

_SIZE = "SELECT pg_relation_size('room') / current_setting('block_size')::int"

_RUN = """
    SELECT * FROM room
    WHERE ctid >= ('(' || first || ',0)')::tid AND ctid < ('(' || beyond || ',0)')::tid OFFSET 0
"""
"""OFFSET 0 keeps PostgreSQL from moving the search's conditions inside, where it would use another index."""


def sampled_rooms(session: Session, query: RoomQuery) -> tuple[Sql, float]:
    """Return `FROM … WHERE …` for the matching rooms in the sampled blocks, and the share of all blocks.

    The share is above 0 and at most 1.
    """
    ((blocks,),) = rows(session, Sql(_SIZE))
    where = filters(query)
    if blocks <= RUNS * RUN:
        return Sql(f"FROM room WHERE {where.text}", where.values), 1
    firsts = [blocks * run // RUNS for run in range(RUNS)]
    source = f"unnest(?::bigint[], ?::bigint[]) AS run (first, beyond), LATERAL ({_RUN}) AS room"
    values = (firsts, [first + RUN for first in firsts], *where.values)
    return Sql(f"FROM {source} WHERE {where.text}", values), RUNS * RUN / blocks
