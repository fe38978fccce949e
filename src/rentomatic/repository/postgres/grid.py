"""Rooms counted by the cells of a grid in PostgreSQL, from all rooms or from a sample."""

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.sampling import sampled_rooms
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import OUTSIDE, outside_of, rows
from rentomatic.repository.sql_cells import TOLD, by_cell, cell_of

_WHOLE = "floor({})::bigint"
_INSIDE = [name for name in TOLD if name not in OUTSIDE]
"""The columns that the index on places has for a room alone in its cell: code and size."""


def cells_of(session: Session, query: RoomQuery, grid: Grid) -> Cells:
    """Count the matching rooms by cell, from all of them or from a sample."""
    found, share = plan.few_source(session, query, plan.FEW), 1.0
    if found is None:
        found, share = sampled_rooms(session, query)
    if share < 1:
        return Cells(tuple(map(cell_of, rows(session, by_cell(found, grid, _WHOLE)))), share)
    cells = rows(session, by_cell(found, grid, _WHOLE, _INSIDE))
    rest = outside_of(session, [code for _, count, *_, code, _ in cells if count == 1])
    return Cells(tuple(cell_of((*cell, *rest.get(cell[-2], ()))) for cell in cells))
