"""How many rooms are in the cells of a grid, in PostgreSQL: from all of them or from a sample."""

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.sampling import sampled_rooms
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import OUTSIDE, rows, with_the_rest
from rentomatic.repository.sql_cells import TOLD, by_cell, cell_of

_WHOLE = "floor({})::bigint"


def cells_of(session: Session, query: RoomQuery, grid: Grid) -> Cells:
    """The rooms that match by cell, all of them or a part."""
    found, share = plan.few_source(session, query, plan.FEW), 1.0
    if found is None:
        found, share = sampled_rooms(session, query)
    if share < 1:
        statement = by_cell(found, grid, _WHOLE)
    else:
        alone = by_cell(found, grid, _WHOLE, [name for name in TOLD if name not in OUTSIDE])
        statement = with_the_rest(alone, "found.*, rest.*", "found.count = 1")
    return Cells(tuple(map(cell_of, rows(session, statement))), share)
