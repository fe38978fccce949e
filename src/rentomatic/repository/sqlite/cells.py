"""How many rooms are in the cells of a grid, on an SQLite connection.

What few rooms meet is read whole. Of what more meet, a half, a third … of the rooms is read, drawn by their
ids in the index alone. Where even that index would be long to read, a sample of all rooms has to do.
"""

import sqlite3
from dataclasses import replace

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.search import BY_CODE, RoomQuery
from rentomatic.repository.sql import Sql, all_of, filters
from rentomatic.repository.sql_cells import TOLD, by_cell, cell_of
from rentomatic.repository.sqlite.plan import thinned
from rentomatic.repository.sqlite.sampling import sampled_rooms

READ = 6_000
"""Rooms that are looked up one by one; as many as five times that are read in runs in the same time."""

SEEN = 25_000
"""Rooms that are counted along an index."""

PASSED = 100_000
"""Rooms of a range of prices that are passed in search of those of a size too, in some 10 ms."""

_WHOLE = "CAST({} AS INTEGER)"


def cells_of(connection: sqlite3.Connection, query: RoomQuery, grid: Grid) -> Cells:
    """The rooms that match by cell, all of them or a part."""
    source, share = _looked_at(connection, query)
    statement = by_cell(source, grid, _WHOLE, TOLD if share == 1 else ())
    return Cells(tuple(map(cell_of, connection.execute(statement.text, statement.values))), share)


def _looked_at(connection: sqlite3.Connection, query: RoomQuery) -> tuple[Sql, float]:
    """`FROM … WHERE …` of rooms that match, and which part of all those are."""
    found = thinned(connection, replace(query, sort=BY_CODE), READ, SEEN, PASSED)
    if found is None:
        source, share = sampled_rooms(connection)
        where = filters(query)
    else:
        access, every = found
        source, share = Sql(f"FROM {access.table}"), 1 / every
        where = all_of((access.where, filters(query)))
    return Sql(f"{source.text} WHERE {where.text}", (*source.values, *where.values)), share
