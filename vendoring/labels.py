"""Which names the map shows from which zoom on.

Decided here once: a name stays visible while zooming in, no two overlap, and the browser has nothing to
compute.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from vendoring.geometry import Box, project
from vendoring.shapefile import Point

ZOOMS = range(2, 15)
_LEAST = 3000
_POPULATION = {3: 5e6, 4: 2e6, 5: 8e5, 6: 3e5, 7: 1.2e5, 8: 5e4, 9: 2e4, 10: 8e3, 11: _LEAST}
"""Inhabitants that a place needs at each zoom: none is shown below the first, all above the last."""
_OF_A_DISTRICT = {11: 1e5, 12: 2e4}
_CAPITAL = 4  # a capital counts as a place with this many times its inhabitants
_COUNTRY = 1e12  # a country counts more than any place
_LONG, _LONGEST = 20, 32  # characters: longer names need more room; the longest are never shown
_GREAT = 2e6  # weight of the places that a country's name must not cover
_CELL = 128  # pixels of the grid in which neighbours are looked for


class Kind(IntEnum):
    """The style of a name; basemap.js knows the numbers."""

    COUNTRY = 0
    CITY = 1
    TOWN = 2
    DISTRICT = 3


_SIZE = {Kind.COUNTRY: 14, Kind.CITY: 13, Kind.TOWN: 12, Kind.DISTRICT: 11}
"""Pixels per character; the letters of a country's name are spaced."""


@dataclass(slots=True)
class Label:
    """A name. where: its centre. weight: inhabitants, or more for important names. last: its last zoom."""

    name: str
    kind: Kind
    where: Point
    weight: float
    first: int
    last: int


def countries(records: Iterable[dict[str, str]]) -> Iterator[Label]:
    """Yield labels from the attributes of Natural Earth's countries."""
    for record in records:
        where = project((float(record["LABEL_X"]), float(record["LABEL_Y"])))
        name = min(record["NAME"], record["NAME_EN"], key=len)  # the shorter one is usually the common name
        rank = float(record["LABELRANK"])
        first, last = (round(float(record[name])) for name in ("MIN_LABEL", "MAX_LABEL"))
        first = max(first, 4 if len(name) > _LONG else 2)
        yield Label(name, Kind.COUNTRY, where, _COUNTRY - rank, first, min(last, 7))


def places(table: str) -> Iterator[Label]:
    """Yield labels from the rows of GeoNames' table `cities500`, see its readme."""
    for row in table.splitlines():
        _, name, _, _, latitude, longitude, _, code, *_ = columns = row.split("\t")
        people = int(columns[14])
        if people < _LEAST or len(name) > _LONGEST or "(" in name:
            continue
        kind = _kind(people, code)
        weight = people * (_CAPITAL if code == "PPLC" else 1)
        needed = _OF_A_DISTRICT if kind is Kind.DISTRICT else _POPULATION
        first = next((zoom for zoom, least in needed.items() if weight >= least), max(needed) + 1)
        yield Label(name, kind, project((float(longitude), float(latitude))), weight, first, ZOOMS[-1])


def _kind(people: int, code: str) -> Kind:
    if code in ("PPLX", "PPLL"):
        return Kind.DISTRICT
    # A third-order division is mostly part of a city with a label of its own.
    return Kind.CITY if code == "PPLC" or (people >= 5e5 and code != "PPLA3") else Kind.TOWN


def arranged(labels: Iterable[Label]) -> list[Label]:
    """Return the labels that fit, each from the first zoom with room for it; the heaviest first."""
    waiting = sorted(labels, key=lambda label: (-label.weight, label.name, label.where))
    _make_way(waiting)
    shown: list[Label] = []
    for zoom in ZOOMS:
        grid = _Grid(zoom)
        for label in shown:
            if label.last >= zoom:
                grid.put(label)
        for label in waiting:
            if not label.first <= zoom <= label.last:
                continue
            if grid.has_room(label):
                label.first = zoom
                grid.put(label)
                shown.append(label)
            elif label.kind is Kind.CITY:
                grid.put(label)  # reserves its place until there is room
        known = set(map(id, shown))
        waiting = [label for label in waiting if id(label) not in known]
    return sorted(shown, key=lambda label: (label.first, -label.weight, label.name, label.where))


def _make_way(labels: list[Label]) -> None:
    """Move the name of a country up or down if it would hide one of its great cities."""
    zoom = 5  # where the great cities appear
    grid = _Grid(zoom)
    for label in labels:
        if label.kind is not Kind.COUNTRY and label.weight >= _GREAT:
            grid.put(label)
    for label in labels:
        if label.kind is Kind.COUNTRY:
            x, y = label.where
            ways = ((x, y + pixels / (256 * 2**zoom)) for pixels in (0, -34, 34, -68, 68))
            free = (way for way in ways if grid.has_room(replace(label, where=way)))
            label.where = next(free, label.where)


class _Grid:
    """The boxes of the names at a zoom, indexed by place."""

    def __init__(self, zoom: int) -> None:
        self._pixels = 256 * 2**zoom
        self._boxes: defaultdict[tuple[int, int], list[Box]] = defaultdict(list)

    def put(self, label: Label) -> None:
        box = self._box(label)
        for cell in _cells(box):
            self._boxes[cell].append(box)

    def has_room(self, label: Label) -> bool:
        box = self._box(label)
        return not any(_overlap(box, other) for cell in _cells(box) for other in self._boxes[cell])

    def _box(self, label: Label) -> Box:
        x, y = (value * self._pixels for value in label.where)
        width, height = 0.31 * _SIZE[label.kind] * len(label.name) + 14, 13
        return x - width, y - height, x + width, y + height


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    west, north, east, south = (int(side // _CELL) for side in box)
    return ((x, y) for x in range(west, east + 1) for y in range(north, south + 1))


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
