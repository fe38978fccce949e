"""A part of the rooms in PostgreSQL that stands for all of them, of a size that does not grow."""

from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import rows
from rentomatic.repository.sql import Sql, filters

RUNS = 200
RUN = 2
"""A sample is so many runs of so many blocks of the table, evenly spread; a block holds some 80 rooms.

Blocks taken at random, as TABLESAMPLE does, would miss a town here and there: a listing may be sorted by it.
"""

_SIZE = "SELECT pg_relation_size('room') / current_setting('block_size')::int"

_RUN = """
    SELECT * FROM room
    WHERE ctid >= ('(' || first || ',0)')::tid AND ctid < ('(' || beyond || ',0)')::tid OFFSET 0
"""
"""Behind a fence, OFFSET: what else is asked of the rooms must not lead PostgreSQL to another index."""


def sampled_rooms(session: Session, query: RoomQuery) -> tuple[Sql, float]:
    """`FROM … WHERE …` of the rooms that match in some blocks, and the part of all blocks that those are.

    The part is above 0 and at most 1.
    """
    ((blocks,),) = rows(session, Sql(_SIZE))
    where = filters(query)
    if blocks <= RUNS * RUN:
        return Sql(f"FROM room WHERE {where.text}", where.values), 1
    firsts = [blocks * run // RUNS for run in range(RUNS)]
    source = f"unnest(?::bigint[], ?::bigint[]) AS run (first, beyond), LATERAL ({_RUN}) AS room"
    values = (firsts, [first + RUN for first in firsts], *where.values)
    return Sql(f"FROM {source} WHERE {where.text}", values), RUNS * RUN / blocks
