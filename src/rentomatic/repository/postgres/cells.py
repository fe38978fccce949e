"""Finds the boxes that are certain to hold the next rooms by distance, by counting rooms in cells.

Cells are boxes in degrees. Each round divides them, counts the rooms in each part up to a limit, and drops
parts that are empty, that lie wholly before the page, or that are further away than enough other rooms. So a
deep page, or one seen from the other side of the Earth, costs little more than any other.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from itertools import accumulate
from math import inf, isqrt
from typing import NamedTuple

from rentomatic.domain.geography import BoundingBox, Point, distance_range

_PARTS = 128
"""About this many cells are counted in one round."""

_SMALL = 1.0
"""Metres. Smaller cells are not divided further."""


class Cell(NamedTuple):
    """A box, and the least and greatest distance of a point in it."""

    box: BoundingBox
    nearest: float
    furthest: float
    rooms: int = 0

    def is_crowded(self, wanted: int) -> bool:
        """Whether it holds at least `wanted` rooms and is large enough to be divided."""
        return self.rooms >= wanted and self.furthest - self.nearest >= _SMALL


def cells_with_next(
    count: Callable[[tuple[BoundingBox, ...], int], list[int]],
    near: Point,
    start: float,
    boxes: tuple[BoundingBox, ...],
    wanted: int,
) -> tuple[BoundingBox, ...]:
    """Return boxes that hold the next `wanted` rooms from `start` metres on, or all if there are fewer.

    count: returns the number of rooms in each box, at most the given limit.
    boxes: hold every room to consider; none crosses the antimeridian.
    """
    crowded, limit = [_cell(near, box) for box in boxes], inf
    cells: list[Cell] = []
    while crowded:
        parts = [part for part in _divided(near, crowded) if part.furthest >= start and part.nearest <= limit]
        counts = count(tuple(part.box for part in parts), wanted) if parts else []
        cells += (part._replace(rooms=rooms) for part, rooms in zip(parts, counts, strict=True) if rooms)
        limit = _enough(cells, start, wanted)
        near_enough = [cell for cell in cells if cell.nearest <= limit]
        crowded = [cell for cell in near_enough if cell.is_crowded(wanted)]
        cells = [cell for cell in near_enough if not cell.is_crowded(wanted)]
    return tuple(cell.box for cell in cells)


def _enough(cells: Iterable[Cell], start: float, wanted: int) -> float:
    """Return a distance within which there are certainly `wanted` rooms, without those before `start`."""
    surely = sorted((cell.furthest, cell.rooms) for cell in cells if cell.nearest >= start)
    sums = accumulate(rooms for _, rooms in surely)
    return next((furthest for (furthest, _), rooms in zip(surely, sums, strict=True) if rooms >= wanted), inf)


def _divided(near: Point, cells: list[Cell]) -> Iterator[Cell]:
    """Yield the parts of the cells, about `_PARTS` in all."""
    sides = max(2, isqrt(_PARTS // max(1, len(cells))))
    for west, south, east, north in (astuple(cell.box) for cell in cells):
        for row in range(sides):
            for column in range(sides):
                yield _cell(
                    near,
                    BoundingBox(
                        west + (east - west) * column / sides,
                        south + (north - south) * row / sides,
                        east if column == sides - 1 else west + (east - west) * (column + 1) / sides,
                        north if row == sides - 1 else south + (north - south) * (row + 1) / sides,
                    ),
                )


def _cell(near: Point, box: BoundingBox) -> Cell:
    """Return the box with its range of distances."""
    return Cell(box, *distance_range(near, box.west, box.south, box.east, box.north))
