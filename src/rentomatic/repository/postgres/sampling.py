"""Samples of bounded size from PostgreSQL, which represent all rooms."""

from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import rows
from rentomatic.repository.postgres.words import filters
from rentomatic.repository.sql import Sql
from rentomatic.use_cases.errors import NotQuick

RUNS = 200
"""A sample has this many runs of consecutive blocks, evenly spread.

Single random blocks, as TABLESAMPLE takes them, would miss some towns when a listing is sorted by town.
"""

SHORTEST, LONGEST = 2, 10
"""Blocks of a run. A block holds about 80 rooms that state no texts, and eight with a long description."""

_WANTED = 32_000
"""Rooms in a sample, if the longest runs have as many."""

_SIZE = """
    SELECT pg_relation_size(oid) / current_setting('block_size')::int, reltuples / nullif(relpages, 0)
    FROM pg_class WHERE oid = 'room'::regclass
"""

_RUN = """
    SELECT * FROM room
    WHERE ctid >= ('(' || first || ',0)')::tid AND ctid < ('(' || beyond || ',0)')::tid OFFSET 0
"""
"""OFFSET 0 keeps PostgreSQL from moving the search's conditions inside, where it would use another index."""


def looked_at(session: Session, query: RoomQuery, *, quick: bool = False) -> tuple[Sql, float]:
    """Return `FROM … WHERE …` for all matching rooms if they are few, else for a sample, and their share.

    quick: raise NotQuick instead of reading a sample.
    """
    if found := plan.few_source(session, query, plan.FEW):
        return found, 1.0
    if quick:
        raise NotQuick
    return sampled_rooms(session, query)


def sampled_rooms(session: Session, query: RoomQuery) -> tuple[Sql, float]:
    """Return `FROM … WHERE …` for the matching rooms in the sampled blocks, and the share of all blocks.

    The share is above 0 and at most 1.
    """
    ((blocks, rooms_in_a_block),) = rows(session, Sql(_SIZE))
    where = filters(query)
    # Without statistics, the number in a block is unknown, 0 or negative.
    wanted = _WANTED / RUNS / rooms_in_a_block if (rooms_in_a_block or 0) > 0 else SHORTEST
    run = max(SHORTEST, min(LONGEST, round(wanted)))
    if blocks <= RUNS * run:
        return Sql(f"FROM room WHERE {where.text}", where.values), 1
    firsts = [blocks * number // RUNS for number in range(RUNS)]
    source = f"unnest(?::bigint[], ?::bigint[]) AS run (first, beyond), LATERAL ({_RUN}) AS room"
    values = (firsts, [first + run for first in firsts], *where.values)
    return Sql(f"FROM {source} WHERE {where.text}", values), RUNS * run / blocks
