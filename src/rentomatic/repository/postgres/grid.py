"""Rooms counted by the cells of a grid in PostgreSQL, from all rooms or from a sample."""

from operator import itemgetter

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.fields import NAMES
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.sampling import sampled_rooms
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import by_code, rows
from rentomatic.repository.sql_cells import TOLD, by_cell, cell_of

_WHOLE = "floor({})::bigint"

_TOLD = itemgetter(*map(NAMES.index, TOLD))


def cells_of(session: Session, query: RoomQuery, grid: Grid) -> Cells:
    """Count the matching rooms by cell, from all of them or from a sample."""
    found, share = plan.few_source(session, query, plan.FEW), 1.0
    if found is None:
        found, share = sampled_rooms(session, query)
    if share < 1:
        return Cells(tuple(map(cell_of, rows(session, by_cell(found, grid, _WHOLE)))), share)
    cells = rows(session, by_cell(found, grid, _WHOLE, ["code"]))
    alone = by_code(session, [code for _, count, *_, code in cells if count == 1])
    told = {code: _TOLD(room) for code, room in alone.items()}
    return Cells(tuple(cell_of((*cell, *told.get(code, ()))) for *cell, code in cells))
