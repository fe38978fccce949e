"""How the SQL storages count rooms by the cells of a grid."""

from typing import Any

from rentomatic.domain.clusters import Cell, Grid
from rentomatic.domain.room import Room
from rentomatic.repository.sql import Sql

_BY_CELL = """
    SELECT {row} * {columns} + {column}, count(*), min(price), sum(latitude), sum(longitude),
        min(longitude), min(latitude), max(longitude), max(latitude){room}
    {source} GROUP BY 1
"""

_COLUMNS = 2**32
"""More than a grid has: to group by one number takes two thirds of the time that two take."""


def by_cell(source: Sql, grid: Grid, whole: str, exact: bool) -> Sql:
    """The statement for the cells of some rooms.

    source: `FROM … WHERE …`. whole: how the storage writes the whole part of a number, `{}`.
    exact: whether a room is told of that is alone. A float's repr is exact, and SQL as well.
    """
    statement = _BY_CELL.format(
        columns=_COLUMNS,
        column=whole.format(f"(longitude + 180) / {grid.width!r}"),
        row=whole.format(f"(latitude + 90) / {grid.height!r}"),
        room=", min(code), min(size)" if exact else "",
        source=source.text,
    )
    return Sql(statement, source.values)


def cell_of(row: tuple[Any, ...]) -> Cell:
    """The cell of a row."""
    place, count, price, latitudes, longitudes, west, south, east, north, *alone = row
    line, column = divmod(place, _COLUMNS)
    if count > 1 or not alone:
        latitude, longitude = latitudes / count, longitudes / count
        return Cell(column, line, count, price, latitude, longitude, west, south, east, north)
    code, size = alone
    room = Room(code=code, size=size, price=price, latitude=south, longitude=west)
    return Cell(column, line, count, price, south, west, west, south, east, north, room)
