"""How storages with SQL count rooms by the cells of a grid."""

from collections.abc import Iterable, Mapping
from typing import Any

from rentomatic.domain.clusters import Cell, Grid
from rentomatic.domain.room import Room
from rentomatic.repository.sql import Sql

Row = tuple[Any, ...]

_BY_CELL = """
    SELECT {row} * {columns} + {column}, count(*), min(price), sum(latitude), sum(longitude),
        min(longitude), min(latitude), max(longitude), max(latitude), {code}
    {source} GROUP BY 1
"""

_COLUMNS = 2**32
"""More columns than a grid has. Grouping by one number takes two thirds of the time of grouping by two."""


def by_cell(source: Sql, grid: Grid, whole: str, *, coded: bool) -> Sql:
    """Return the statement that counts rooms by cell.

    source: `FROM … WHERE …`. whole: the storage's expression for the whole part of a number, `{}`.
    coded: whether each row ends with the lowest code of its cell.

    Both Python's repr and SQL keep floats exact.
    """
    statement = _BY_CELL.format(
        columns=_COLUMNS,
        column=whole.format(f"(longitude + 180) / {grid.width!r}"),
        row=whole.format(f"(latitude + 90) / {grid.height!r}"),
        code="min(code)" if coded else "NULL",
        source=source.text,
    )
    return Sql(statement, source.values)


def lone_codes(rows: Iterable[Row]) -> list[str]:
    """Return the codes of the rooms that are alone in their cells."""
    return [row[-1] for row in rows if row[1] == 1]


def cell_of(row: Row, rooms: Mapping[str, Room]) -> Cell:
    """Return the cell of a row. rooms: those that are alone in their cells, by code, if they are known."""
    place, count, price, latitudes, longitudes, west, south, east, north, code = row
    line, column = divmod(place, _COLUMNS)
    middle = (latitudes / count, longitudes / count) if count > 1 else (south, west)
    room = rooms.get(code) if count == 1 else None
    return Cell(column, line, count, price, *middle, west, south, east, north, room)
