"""The base map: Natural Earth's land, rivers and borders and GeoNames' places, cut into small files.

`world.json` is the whole world for zooms up to 4; `3/x/y.json` and `6/x/y.json` have the detail of one tile
of that zoom. README.md in the folder describes their content.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from vendoring.geometry import Box, area, clip_line, clip_ring, project, simplify
from vendoring.labels import Label, arranged, countries, places
from vendoring.shapefile import Line, Point, records, shapes

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_MARGIN = 1 / 64  # of a cell, beyond its edges: neighbours overlap, so that no seam shows


@dataclass(frozen=True, slots=True)
class Level:
    """A level of detail. zoom: of its cells. last: the last zoom of the map that uses it.

    extent: steps of a coordinate across a cell. tolerance: the allowed error of a line, in steps.
    river: the highest of Natural Earth's ranks to draw.
    """

    zoom: int
    last: int
    extent: int
    tolerance: float
    river: int

    @property
    def step(self) -> float:
        """The length of a step on the square."""
        return 1 / (self.extent << self.zoom)


LEVELS = (Level(0, 4, 4096, 1.7, 2), Level(3, 7, 4096, 1, 6), Level(6, 14, 4096, 1, 9))


@dataclass(frozen=True, slots=True)
class Geography:
    """Everything to draw, on the square. rivers: with their ranks."""

    land: list[Line]
    borders: list[Line]
    rivers: list[tuple[int, Line]]
    labels: list[Label]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the data is. natural_earth: a folder with the 10m layers. countries: Natural Earth's countries.

    cities: GeoNames' `cities500.txt`.
    """

    natural_earth: Path
    countries: Path
    cities: Path


def read(sources: Sources) -> Geography:
    rivers = sources.natural_earth / "ne_10m_rivers_lake_centerlines.shp"
    names = [*countries(records(sources.countries)), *places(sources.cities.read_text(encoding="utf-8"))]
    return Geography(
        land=_projected(part for s in shapes(sources.natural_earth / "ne_10m_land.shp") for part in s),
        borders=_projected(borders([part for shape in shapes(sources.countries) for part in shape])),
        rivers=[
            (int(float(record["scalerank"])), line)
            for record, shape in zip(records(rivers), shapes(rivers), strict=True)
            if record["featurecla"] == "River"
            for line in _projected(shape)
        ],
        labels=arranged(names),
    )


def borders(rings: list[Line]) -> list[Line]:
    """Return the lines that two rings share: borders on land, because countries do not meet at coasts."""
    sides = Counter(frozenset(side) for ring in rings for side in pairwise(ring))
    drawn: set[frozenset[Point]] = set()
    lines: list[Line] = []
    for ring in rings:
        line: Line = []
        for a, b in pairwise(ring):
            side = frozenset((a, b))
            if sides[side] > 1 and side not in drawn:
                drawn.add(side)
                line = line or [a]
                line.append(b)
            elif line:
                lines.append(line)
                line = []
        if line:
            lines.append(line)
    return lines


def write(geography: Geography, folder: Path) -> None:
    """Write the files of all levels; `world.json` lists the existing ones."""
    written: dict[int, dict[int, list[int]]] = {}
    world: dict[str, object] = {}
    for level in LEVELS:
        cells = dict(_cells(_at(level, geography), level, (0, 0, 0)))
        columns = written[level.zoom] = defaultdict(list)
        for x, y in sorted(cells):
            columns[x].append(y)
        for (x, y), cell in cells.items():
            if level.zoom == 0:
                world = cell
                continue
            path = folder / str(level.zoom) / str(x) / f"{y}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_json(cell), encoding="utf-8", newline="\n")
    levels = [
        {"zoom": level.zoom, "last": level.last, "extent": level.extent, "cells": written[level.zoom]}
        for level in LEVELS
    ]
    (folder / "world.json").write_text(_json({"levels": levels, **world}), encoding="utf-8", newline="\n")


def _projected(lines: Iterable[Line]) -> list[Line]:
    return [[project(point) for point in line] for line in lines]


def _at(level: Level, geography: Geography) -> Geography:
    """Return the geography in the detail of a level."""
    tolerance = level.tolerance * level.step
    least = (2 * tolerance) ** 2
    rings = [simplify(ring, tolerance) for ring in geography.land if area(ring) > least]
    return Geography(
        land=[ring for ring in rings if area(ring) > least],
        borders=[simplify(line, tolerance) for line in geography.borders],
        rivers=[(rank, simplify(line, tolerance)) for rank, line in geography.rivers if rank <= level.river],
        labels=[label for label in geography.labels if label.first <= level.last],
    )


def _cells(
    geography: Geography, level: Level, cell: tuple[int, int, int]
) -> Iterable[tuple[tuple[int, int], dict[str, object]]]:
    """Yield the cells of a level that contain anything, halving the world repeatedly."""
    zoom, x, y = cell
    size = 1 / 2**zoom
    inside = _clipped(geography, (x * size, y * size, (x + 1) * size, (y + 1) * size))
    if not (inside.land or inside.borders or inside.rivers or inside.labels):
        return
    if zoom == level.zoom:
        yield (x, y), _encoded(inside, level, x, y)
        return
    for child in ((zoom + 1, 2 * x + dx, 2 * y + dy) for dx in (0, 1) for dy in (0, 1)):
        yield from _cells(inside, level, child)


def _clipped(geography: Geography, box: Box) -> Geography:
    west, north, east, south = box
    margin = (east - west) * _MARGIN
    wide = (west - margin, north - margin, east + margin, south + margin)
    clipped = [clip_ring(ring, wide) for ring in geography.land]
    return Geography(
        land=[ring for ring in clipped if len(ring) > 2],
        borders=[part for line in geography.borders for part in clip_line(line, wide)],
        rivers=[(rank, part) for rank, line in geography.rivers for part in clip_line(line, wide)],
        labels=[
            label
            for label in geography.labels
            if west <= label.where[0] < east and north <= label.where[1] < south
        ],
    )


def _encoded(geography: Geography, level: Level, x: int, y: int) -> dict[str, object]:
    """Return the content of a cell's file; coordinates are steps from its north-west corner."""

    def steps(point: Point) -> tuple[int, int]:
        across, down = (round(value / level.step) for value in point)
        return across - x * level.extent, down - y * level.extent

    def lines(many: Iterable[Line], least: int) -> list[str]:
        grids = ([step for step, _ in groupby(map(steps, points))] for points in many)
        return [_line(grid) for grid in grids if len(grid) >= least]

    ranks = sorted({rank for rank, _ in geography.rivers})
    return {
        "land": lines(geography.land, 3),
        "borders": lines(geography.borders, 2),
        "rivers": {rank: lines((line for r, line in geography.rivers if r == rank), 2) for rank in ranks},
        "labels": [
            [*steps(label.where), label.first, label.last, label.kind, label.name]
            for label in geography.labels
        ],
    }


def _line(grid: list[tuple[int, int]]) -> str:
    """Encode the first point and the differences between successive points, like Google's encoded polylines.

    Five bits a character, lowest first, with the sign at the end of a number; in an alphabet of our own,
    which JSON does not escape.
    """
    text, last = [], (0, 0)
    for point in grid:
        for value in (point[0] - last[0], point[1] - last[1]):
            rest = ~(value << 1) if value < 0 else value << 1
            while rest >= 32:
                text.append(_ALPHABET[32 | rest & 31])
                rest >>= 5
            text.append(_ALPHABET[rest])
        last = point
    return "".join(text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
