"""How storages with SQL count rooms by the cells of a grid."""

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
"""More columns than a grid has. Grouping by one number takes two thirds of the time of grouping by two."""


TOLD = tuple(name for name in NAMES if name not in (Field.PRICE, Field.LATITUDE, Field.LONGITUDE))
"""The columns needed for a room alone in its cell, beyond those of the cell itself."""


def by_cell(source: Sql, grid: Grid, whole: str, told: Sequence[str] = ()) -> Sql:
    """Return the statement that counts rooms by cell.

    source: `FROM … WHERE …`. whole: the storage's expression for the whole part of a number, `{}`.
    told: the columns of `TOLD` to read here. Both Python's repr and SQL keep floats exact.
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
    """Return the cell of a row, which ends with all of `TOLD` if rooms alone in their cells are included."""
    place, count, price, latitudes, longitudes, west, south, east, north, *alone = row
    line, column = divmod(place, _COLUMNS)
    if count > 1 or not alone:
        latitude, longitude = latitudes / count, longitudes / count
        return Cell(column, line, count, price, latitude, longitude, west, south, east, north)
    room = Room(price=price, latitude=south, longitude=west, **dict(zip(TOLD, alone, strict=True)))
    return Cell(column, line, count, price, south, west, west, south, east, north, room)
