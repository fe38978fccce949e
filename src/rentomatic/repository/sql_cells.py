"""How the SQL storages count rooms by the cells of a grid."""

from typing import Any

from rentomatic.domain.clusters import Cell, Grid
from rentomatic.domain.room import Room
from rentomatic.repository.sql import Sql

_BY_CELL = """
    SELECT {column}, {row}, count(*), min(price), avg(latitude), avg(longitude),
        min(longitude), min(latitude), max(longitude), max(latitude){room}
    {source} GROUP BY 1, 2
"""


def by_cell(source: Sql, grid: Grid, whole: str, exact: bool) -> Sql:
    """The statement for the cells of some rooms.

    source: `FROM … WHERE …`. whole: how the storage writes the whole part of a number, `{}`.
    exact: whether a room is told of that is alone. A float's repr is exact, and SQL as well.
    """
    statement = _BY_CELL.format(
        column=whole.format(f"(longitude + 180) / {grid.width!r}"),
        row=whole.format(f"(latitude + 90) / {grid.height!r}"),
        room=", min(code), min(size)" if exact else "",
        source=source.text,
    )
    return Sql(statement, source.values)


def cell_of(row: tuple[Any, ...]) -> Cell:
    """The cell of a row."""
    column, line, count, price, latitude, longitude, west, south, east, north, *alone = row
    if count > 1 or not alone:
        return Cell(column, line, count, price, latitude, longitude, west, south, east, north)
    code, size = alone
    room = Room(code=code, size=size, price=price, latitude=south, longitude=west)
    return Cell(column, line, count, price, south, west, west, south, east, north, room)
