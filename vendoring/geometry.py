"""Lines and rings on the Web Mercator square: projected, simplified, and clipped to cells.

The square is 1 wide and 1 high, with (0, 0) in the north-west corner, like map tiles.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

from vendoring.shapefile import Line, Point

Box = tuple[float, float, float, float]
"""West, north, east, south."""

_LIMIT = 85.0511  # degrees: where the square ends


def project(point: Point) -> Point:
    """Project degrees of longitude and latitude onto the square."""
    longitude, latitude = point
    radians = math.radians(max(-_LIMIT, min(_LIMIT, latitude)))
    return longitude / 360 + 0.5, 0.5 - math.asinh(math.tan(radians)) / (2 * math.pi)


def simplify(line: Line, tolerance: float) -> Line:
    """Return the line without points that are closer than the tolerance to the rest.

    The Ramer-Douglas-Peucker algorithm, without recursion.
    """
    keep = {0, len(line) - 1}
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        furthest, distance = first, tolerance
        for index in range(first + 1, last):
            away = _distance(line[index], line[first], line[last])
            if away > distance:
                furthest, distance = index, away
        if furthest != first:
            keep.add(furthest)
            spans += [(first, furthest), (furthest, last)]
    return [line[index] for index in sorted(keep)]


def area(ring: Line) -> float:
    """Return the unsigned area by the shoelace formula."""
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def clip_ring(ring: Line, box: Box) -> Line:
    """Return the part of a ring in the box, by the Sutherland-Hodgman algorithm; empty if there is none."""
    west, north, east, south = box
    for axis, bound, sign in ((0, west, 1), (0, east, -1), (1, north, 1), (1, south, -1)):
        values = [sign * (point[axis] - bound) for point in ring]
        if all(value >= 0 for value in values):
            continue
        cut: Line = []
        for index, (point, value) in enumerate(zip(ring, values, strict=True)):
            before = values[index - 1]
            if (before < 0) != (value < 0):
                cut.append(_between(ring[index - 1], point, before / (before - value)))
            if value >= 0:
                cut.append(point)
        ring = cut
    return ring


def clip_line(line: Line, box: Box) -> Iterator[Line]:
    """Yield the parts of a line that touch the box; each continues to the first point outside."""
    run: Line = []
    for a, b in pairwise(line):
        if _touches(a, b, box):
            run = run or [a]
            run.append(b)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _touches(a: Point, b: Point, box: Box) -> bool:
    west, north, east, south = box
    return (
        max(a[0], b[0]) >= west
        and min(a[0], b[0]) <= east
        and max(a[1], b[1]) >= north
        and min(a[1], b[1]) <= south
    )


def _between(a: Point, b: Point, part: float) -> Point:
    return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part


def _distance(point: Point, a: Point, b: Point) -> float:
    """Return the distance from a point to a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / length if length else 0
    along = max(0.0, min(1.0, along))
    return math.hypot(point[0] - a[0] - along * dx, point[1] - a[1] - along * dy)
