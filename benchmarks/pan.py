"""Measure a map that is moved: the clusters and the list of a view, at every zoom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import asinh, atan, degrees, pi, radians, sinh, tan

from benchmarks.search_cases import CHEAP
from benchmarks.sides import Sides
from benchmarks.timing import Timing, timed
from rentomatic.domain.clusters import Clusters, fitting_zoom, grid_of
from rentomatic.domain.geography import BoundingBox, Point
from rentomatic.domain.search import SORTS, RoomQuery
from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.cluster_rooms import cluster_rooms
from rentomatic.use_cases.search_rooms import search_rooms

ZOOMS = range(19)
WIDTH, HEIGHT = 1280, 800
"""Size of the view in pixels."""

PLACES = {"centre": Point(51.512, -0.123), "edge": Point(51.446, 0.217)}

IN_THE_LIST = 24
TIME = 10.0
"""Seconds that a view may take: long enough that no measurement is cut short."""

_SMALL_PART = 20
"""Beyond one in this many rooms, reading all rooms is faster than looking up places."""


@dataclass(frozen=True, slots=True)
class PanResult:
    """The times of a view by implementation. exact: its clusters, without and with a price filter."""

    zoom: int
    place: str
    rooms: int
    clusters: int
    exact: tuple[bool, bool]
    timings: dict[str, Timing]


def measure(on: Sides, rounds: int, log: Callable[[str], None]) -> list[PanResult]:
    """Measure every view on a storage."""
    return [_measure(on, zoom, place, rounds) for zoom, place in _views(log)]


def _views(log: Callable[[str], None]) -> Iterator[tuple[int, str]]:
    for zoom in ZOOMS:
        log(f"pan: zoom {zoom}")
        yield from ((zoom, place) for place in PLACES)


def _measure(on: Sides, zoom: int, place: str, rounds: int) -> PanResult:
    box = view(PLACES[place], zoom)
    all_rooms, cheap = RoomQuery(areas=(box,)), RoomQuery(areas=(box,), conditions=(CHEAP,))

    def clusters(query: RoomQuery) -> Clusters:
        return cluster_rooms(on.repository, query, box, zoom, Budget(TIME))

    def listed(sort: str) -> object:
        query = RoomQuery(areas=(box,), sort=SORTS[sort], limit=IN_THE_LIST)
        return search_rooms(on.repository, query, Budget(TIME), with_total=True, quick=True)

    rooms, statement = on.repository.count(all_rooms), _limit(on, box, zoom)
    found, found_cheap = clusters(all_rooms), clusters(cheap)  # also warms the caches
    ways: dict[str, Callable[[], object]] = {
        "clusters": lambda: clusters(all_rooms),
        "under a price": lambda: clusters(cheap),
        "list by code": lambda: listed("code"),
        "list by price": lambda: listed("price"),
        "limit": lambda: on.bare.rows(statement),
    }
    exact = found.exact, found_cheap.exact
    return PanResult(zoom, place, rooms, len(found.clusters), exact, timed(ways, rounds))


def view(centre: Point, zoom: int, width: int = WIDTH, height: int = HEIGHT) -> BoundingBox:
    """Return what a map of this size shows around a point, at most the whole Earth."""
    side = 256 * 2**zoom
    half, middle = min(180.0, 180 * width / side), (1 - asinh(tan(radians(centre.latitude))) / pi) / 2
    south, north = (_latitude(middle + part * height / 2 / side) for part in (1, -1))
    west, east = max(-180.0, centre.longitude - half), min(180.0, centre.longitude + half)
    return BoundingBox(west, south, east, north)


def _latitude(down: float) -> float:
    """Return the latitude at this height, from the top, of a square map with sides of length 1."""
    return degrees(atan(sinh(pi * (1 - 2 * min(1.0, max(0.0, down))))))


def _limit(on: Sides, box: BoundingBox, zoom: int) -> str:
    """Return the bare statement that counts all rooms in the box by the same cells."""
    grid = grid_of(box, fitting_zoom(box, zoom))
    inside = f"latitude BETWEEN {box.south} AND {box.north} AND longitude BETWEEN {box.west} AND {box.east}"
    ((rooms, in_box),) = on.bare.rows(f"SELECT count(*), sum(CASE WHEN {inside} THEN 1 ELSE 0 END) FROM room")
    source = on.bare.reading(inside) if in_box * _SMALL_PART > rooms else on.bare.placed(box)
    return (
        f"SELECT floor((longitude + 180) / {grid.width}), floor((latitude + 90) / {grid.height}), "
        f"count(*), min(price), avg(latitude), avg(longitude) FROM {source} GROUP BY 1, 2"
    )
