"""Rooms on a map as clusters that do not overlap: rooms are counted by grid cell, and cells are merged.

The map is Web Mercator (EPSG:3857) in tiles of 256 pixels: at zoom z the Earth is 256 * 2**z pixels wide.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import asinh, ceil, cos, floor, log2, pi, radians, tan
from typing import NamedTuple

from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.room import Room

MAX_ZOOM = 22

MAX_CLUSTERS = 500
"""The most clusters in an answer; if there would be more, clusters are made larger."""

RADIUS = 60.0
"""The least distance between clusters in pixels."""

_TILE = 256
_CELL = 32
"""The width of a cell in pixels; its height is at most about the same."""

_MAX_CELLS = 6000
"""More cells than a map of 2560 x 1440 pixels shows, except close to a pole; merging them takes 60 ms."""

_STEEPEST = 75.0
"""Degrees of latitude beyond which cells do not get lower."""

_EDGE = 85.05112878
"""Degrees of latitude at which a square map of the Earth ends."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of the Earth, numbered from 0 at longitude -180 eastwards and at latitude -90 northwards.

    width, height: of a cell, in degrees.
    """

    width: float
    height: float

    def cell_of(self, latitude: float, longitude: float) -> tuple[int, int]:
        """Return the column and row of the cell that holds a place."""
        return int((longitude + 180) / self.width), int((latitude + 90) / self.height)


class Cell(NamedTuple):
    """The rooms in a cell of a grid.

    rooms: their number, at least one.
    latitude, longitude: the mean of their places.
    west, south, east, north: the box around their places.
    room: the only room, if there is one alone and all rooms were read.
    """

    column: int
    row: int
    rooms: int
    lowest_price: int
    latitude: float
    longitude: float
    west: float
    south: float
    east: float
    north: float
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class Cells:
    """The matching rooms by cell, in no particular order.

    share: the part of the matching rooms that was counted, above 0; 1 is exact.
    """

    cells: tuple[Cell, ...]
    share: float = 1


@dataclass(frozen=True, slots=True)
class Cluster:
    """Rooms near each other on a map.

    latitude, longitude: the mean of their places. bounds: the box around them.
    count: their number, approximate if the clusters are estimates.
    room: the only room, if it is certain to be alone.
    """

    latitude: float
    longitude: float
    count: int
    lowest_price: int
    bounds: BoundingBox
    room: Room | None


@dataclass(frozen=True, slots=True)
class Clusters:
    """The rooms in a box as clusters, the largest first.

    exact: if false, only a sample was read: counts are approximate, and a few rooms may lack a cluster.
    """

    clusters: tuple[Cluster, ...]
    exact: bool = True


def cells_of(rooms: Iterable[Room], grid: Grid) -> tuple[Cell, ...]:
    """Return the rooms by cell."""
    by_cell: dict[tuple[int, int], list[Room]] = defaultdict(list)
    for room in rooms:
        by_cell[grid.cell_of(room.latitude, room.longitude)].append(room)
    return tuple(_cell(place, found) for place, found in by_cell.items())


def _cell(place: tuple[int, int], rooms: list[Room]) -> Cell:
    latitudes, longitudes = [room.latitude for room in rooms], [room.longitude for room in rooms]
    return Cell(
        *place,
        rooms=len(rooms),
        lowest_price=min(room.price for room in rooms),
        latitude=sum(latitudes) / len(rooms),
        longitude=sum(longitudes) / len(rooms),
        west=min(longitudes),
        south=min(latitudes),
        east=max(longitudes),
        north=max(latitudes),
        room=rooms[0] if len(rooms) == 1 else None,
    )


def fitting_zoom(box: BoundingBox, zoom: int) -> int:
    """Return the zoom, or the highest one below it at which the box is no larger than a screen."""
    width = box.east - box.west + (360 if box.west > box.east else 0)
    for lower in range(zoom, 0, -1):
        grid = grid_of(box, lower)
        if (width / grid.width + 1) * ((box.north - box.south) / grid.height + 1) <= _MAX_CELLS:
            return lower
    return 0


def grid_of(box: BoundingBox, zoom: int) -> Grid:
    """Return a grid of cells 32 pixels wide, and about as high at the edge of the box nearer to a pole.

    Their height changes in steps of a factor of two, so that panning keeps the grid.
    """
    width = 360 * _CELL / _TILE / 2**zoom
    steepest = min(max(abs(box.south), abs(box.north)), _STEEPEST)
    return Grid(width, width * 2.0 ** round(log2(cos(radians(steepest)))))


def clusters_of(found: Cells, box: BoundingBox, zoom: int) -> Clusters:
    """Merge the cells of a box until their mean places are at least `RADIUS` apart on the map."""
    radius = RADIUS
    cells = _apart([_unwrapped(cell, box) for cell in found.cells], zoom, radius)
    while len(cells) > MAX_CLUSTERS:
        radius *= 1.5
        cells = _apart(cells, zoom, radius)
    clusters = (_cluster(cell, found.share) for cell in sorted(cells, key=_largest_first))
    return Clusters(tuple(clusters), exact=found.share == 1)


def _unwrapped(cell: Cell, box: BoundingBox) -> Cell:
    """Return the cell with longitudes that grow from the west of the box, beyond 180 if needed."""
    if box.west <= box.east or cell.east >= box.west:
        return cell
    return cell._replace(longitude=cell.longitude + 360, west=cell.west + 360, east=cell.east + 360)


def _apart(cells: Sequence[Cell], zoom: int, radius: float) -> Sequence[Cell]:
    """Merge cells less than `radius` pixels apart until no two are."""
    while len(fewer := list(_put_together(cells, zoom, radius))) < len(cells):
        cells = fewer
    return cells


def _put_together(cells: Iterable[Cell], zoom: int, radius: float) -> Iterator[Cell]:
    """Merge each cell with all near it, the largest first, using each cell once."""
    ordered = sorted(cells, key=_largest_first)
    squares: dict[tuple[int, int], dict[int, tuple[float, float]]] = defaultdict(dict)
    points = [_pixels(cell, zoom) for cell in ordered]
    for number, (x, y) in enumerate(points):
        squares[int(x // radius), int(y // radius)][number] = x, y
    for number, (x, y) in enumerate(points):
        column, row = int(x // radius), int(y // radius)
        if number in squares[column, row]:
            around = product((column - 1, column, column + 1), (row - 1, row, row + 1))
            groups = [_take_near(squares[place], x, y, radius) for place in around if place in squares]
            yield sum_of([ordered[number] for group in groups for number in group])


def _take_near(points: dict[int, tuple[float, float]], x: float, y: float, radius: float) -> list[int]:
    """Remove the points less than `radius` away; return their numbers."""
    near = [number for number, (px, py) in points.items() if (px - x) ** 2 + (py - y) ** 2 < radius**2]
    for number in near:
        del points[number]
    return near


def _largest_first(cell: Cell) -> tuple[int, int, int]:
    return -cell.rooms, cell.row, cell.column


def _pixels(cell: Cell, zoom: int) -> tuple[float, float]:
    """Return the position of the mean place on the map, from the left and from the top.

    The spherical Mercator projection, as in EPSG Guidance Note 7-2 for EPSG:3857.
    """
    latitude = radians(max(-_EDGE, min(cell.latitude, _EDGE)))
    side = _TILE * 2**zoom
    return (cell.longitude + 180) / 360 * side, (1 - asinh(tan(latitude)) / pi) / 2 * side


def sum_of(cells: Sequence[Cell]) -> Cell:
    """Merge the cells into one, with the column and row of the largest."""
    if len(cells) == 1:
        return cells[0]
    largest, rooms = min(cells, key=_largest_first), sum(cell.rooms for cell in cells)
    return Cell(
        largest.column,
        largest.row,
        rooms,
        lowest_price=min(cell.lowest_price for cell in cells),
        latitude=sum(cell.latitude * cell.rooms for cell in cells) / rooms,
        longitude=sum(cell.longitude * cell.rooms for cell in cells) / rooms,
        west=min(cell.west for cell in cells),
        south=min(cell.south for cell in cells),
        east=max(cell.east for cell in cells),
        north=max(cell.north for cell in cells),
    )


def _cluster(cell: Cell, share: float) -> Cluster:
    room = cell.room
    if room:
        latitude, longitude, west, east = room.latitude, room.longitude, room.longitude, room.longitude
    else:  # the last digits depend on the order in which a storage adds
        latitude, longitude = round(cell.latitude, 7), round(_wrapped(cell.longitude), 7)
        west, east = _wrapped(cell.west, floor), _wrapped(cell.east, ceil)
    return Cluster(
        latitude,
        longitude,
        count=round(cell.rooms / share),
        lowest_price=cell.lowest_price,
        bounds=BoundingBox(west, cell.south, east, cell.north),
        room=room,
    )


def _wrapped(longitude: float, rounding: Callable[[float], float] = float) -> float:
    """Return the longitude, at most 180, rounded to 1e-9 because adding and subtracting 360 loses digits."""
    return rounding((longitude - 360) * 1e9) / 1e9 if longitude > 180 else longitude
