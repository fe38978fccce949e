"""Rooms counted by the cells of a grid, on an SQLite connection.

If few rooms match, all of them are read. If more match, a half, a third … of them is read, selected by id in
the index alone. If even that index would take too long, the cells come from a sample of all rooms.
"""

import sqlite3
from dataclasses import replace

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.search import BY_CODE, RoomQuery
from rentomatic.repository.sql import Sql, all_of
from rentomatic.repository.sql_cells import by_cell, cell_of, lone_codes
from rentomatic.repository.sqlite.plan import thinned
from rentomatic.repository.sqlite.sampling import sampled_rooms
from rentomatic.repository.sqlite.search import rooms_of_codes
from rentomatic.repository.sqlite.words import filters, require_few_pending
from rentomatic.use_cases.errors import NotQuick

READ = 6_000
"""Rooms that are looked up one by one; in the same time, five times as many can be read in sequence."""

SEEN = 25_000
"""The most rooms to count along an index."""

PASSED = 100_000
"""The most rooms of a price range to pass while looking for sizes too; this takes about 10 ms."""

_WHOLE = "CAST({} AS INTEGER)"


def cells_of(connection: sqlite3.Connection, query: RoomQuery, grid: Grid) -> Cells:
    """Count the matching rooms by cell, from all of them or from a sample."""
    source, share = looked_at(connection, query)
    statement = by_cell(source, grid, _WHOLE, coded=share == 1)
    found = connection.execute(statement.text, statement.values).fetchall()
    rooms = rooms_of_codes(connection, lone_codes(found)) if share == 1 else {}
    return Cells(tuple(cell_of(row, rooms) for row in found), share)


def looked_at(connection: sqlite3.Connection, query: RoomQuery, *, quick: bool = False) -> tuple[Sql, float]:
    """Return `FROM … WHERE …` for some of the matching rooms, and their share of all matching rooms.

    quick: raise NotQuick instead of drawing a sample of all rooms, or if many rooms are pending.
    """
    if quick:
        require_few_pending(connection, query)
    found = thinned(connection, replace(query, sort=BY_CODE), READ, SEEN, PASSED)
    if found is None and quick:
        raise NotQuick
    if found is None:
        source, share = sampled_rooms(connection)
        where = filters(query)
    else:
        access, every = found
        source, share = Sql(f"FROM {access.table}"), 1 / every
        where = all_of((access.where, filters(query)))
    return Sql(f"{source.text} WHERE {where.text}", (*source.values, *where.values)), share
