"""Rooms counted by the cells of a grid in PostgreSQL, from all rooms or from a sample."""

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.by_hand import room_of_row
from rentomatic.repository.postgres.sampling import looked_at
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import by_code, rows
from rentomatic.repository.sql_cells import by_cell, cell_of, lone_codes

_WHOLE = "floor({})::bigint"


def cells_of(session: Session, query: RoomQuery, grid: Grid) -> Cells:
    """Count the matching rooms by cell, from all of them or from a sample."""
    found, share = looked_at(session, query)
    cells = rows(session, by_cell(found, grid, _WHOLE, coded=share == 1))
    alone = by_code(session, lone_codes(cells)) if share == 1 else {}
    rooms = {code: room_of_row(row) for code, row in alone.items()}
    return Cells(tuple(cell_of(cell, rooms) for cell in cells), share)
