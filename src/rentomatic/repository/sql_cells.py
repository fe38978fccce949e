"""How the SQL storages count rooms by the cells of a grid."""

from collections.abc import Sequence
from typing import Any

from rentomatic.domain.clusters import Cell, Grid
from rentomatic.domain.fields import NAMES, Field
from rentomatic.domain.room import Room
from rentomatic.repository.sql import Sql

_BY_CELL = """
    SELECT {row} * {columns} + {column}, count(*), min(price), sum(latitude), sum(longitude),
        min(longitude), min(latitude), max(longitude), max(latitude){room}
    {source} GROUP BY 1
"""

_COLUMNS = 2**32
"""More than a grid has: to group by one number takes two thirds of the time that two take."""


TOLD = tuple(name for name in NAMES if name not in (Field.PRICE, Field.LATITUDE, Field.LONGITUDE))
"""What is told of a room that is alone in its cell, beside what the cell itself tells."""


def by_cell(source: Sql, grid: Grid, whole: str, told: Sequence[str] = ()) -> Sql:
    """The statement for the cells of some rooms.

    source: `FROM … WHERE …`. whole: how the storage writes the whole part of a number, `{}`.
    told: those of `TOLD` that are read here. A float's repr is exact, and SQL as well.
    """
    statement = _BY_CELL.format(
        columns=_COLUMNS,
        column=whole.format(f"(longitude + 180) / {grid.width!r}"),
        row=whole.format(f"(latitude + 90) / {grid.height!r}"),
        room="".join(f", min({name}) AS {name}" for name in told),
        source=source.text,
    )
    return Sql(statement, source.values)


def cell_of(row: tuple[Any, ...]) -> Cell:
    """The cell of a row, behind which stands all of `TOLD` where rooms that are alone are told of."""
    place, count, price, latitudes, longitudes, west, south, east, north, *alone = row
    line, column = divmod(place, _COLUMNS)
    if count > 1 or not alone:
        latitude, longitude = latitudes / count, longitudes / count
        return Cell(column, line, count, price, latitude, longitude, west, south, east, north)
    room = Room(price=price, latitude=south, longitude=west, **dict(zip(TOLD, alone, strict=True)))
    return Cell(column, line, count, price, south, west, west, south, east, north, room)
