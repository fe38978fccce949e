"""A part of the rooms in PostgreSQL that stands for all of them, of a size that does not grow."""

from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import rows
from rentomatic.repository.sql import Sql

RUNS = 200
RUN = 2
"""A sample is so many runs of so many blocks of the table, evenly spread; a block holds some 80 rooms.

Blocks taken at random, as TABLESAMPLE does, would miss a town here and there: a listing may be sorted by it.
"""

_SIZE = "SELECT pg_relation_size('room') / current_setting('block_size')::int"


def sampled_rooms(session: Session) -> tuple[Sql, float]:
    """`FROM …` of the rooms in some blocks, and the part of all blocks that those are, above 0, at most 1."""
    ((blocks,),) = rows(session, Sql(_SIZE))
    if blocks <= RUNS * RUN:
        return Sql("FROM room"), 1
    firsts = (blocks * run // RUNS for run in range(RUNS))
    runs = " UNION ALL ".join(
        f"SELECT * FROM room WHERE ctid >= '({first},0)' AND ctid < '({first + RUN},0)'" for first in firsts
    )
    # What follows is checked once, behind the fence, and not planned for every run.
    return Sql(f"FROM ({runs} OFFSET 0) AS room"), RUNS * RUN / blocks
