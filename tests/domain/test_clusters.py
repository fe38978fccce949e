"""Rooms on a map: which are merged, how far apart clusters are, and what a cluster contains."""

from itertools import combinations
from math import dist, log, pi, radians, tan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.clusters import (
    MAX_CLUSTERS,
    MAX_ZOOM,
    Cells,
    Cluster,
    Clusters,
    Grid,
    cells_of,
    clusters_of,
    fitting_zoom,
    grid_of,
)
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.room import Room
from tests.builders import boxes, make_room, room_sets

EARTH = BoundingBox(-180, -90, 180, 90)
TOWN = BoundingBox(-0.3, 51.4, 0.1, 51.6)
PACIFIC = BoundingBox(170, -30, -170, 30)


def at(latitude: float, longitude: float, **more: object) -> Room:
    return make_room(code=f"r{hash((latitude, longitude))}", latitude=latitude, longitude=longitude, **more)


def clusters(rooms: list[Room], box: BoundingBox, zoom: int) -> Clusters:
    fitting = fitting_zoom(box, zoom)
    found = [room for room in rooms if box.contains(room.latitude, room.longitude)]
    return clusters_of(Cells(cells_of(found, grid_of(box, fitting))), box, fitting)


def place(cluster: Cluster, box: BoundingBox, zoom: int) -> tuple[float, float]:
    """Return its pixel position on a map of the zoom, by the formulas of the projection."""
    beyond = 360 if box.west > box.east and cluster.longitude < box.west else 0
    latitude = radians(max(-85.05112878, min(cluster.latitude, 85.05112878)))
    north = log(tan(pi / 4 + latitude / 2))
    return (cluster.longitude + beyond) / 360 * 256 * 2**zoom, north / (2 * pi) * 256 * 2**zoom


def test_a_single_room_is_a_cluster_that_includes_it() -> None:
    room = at(51.5, -0.1, price=44)

    (cluster,) = clusters([room], TOWN, 12).clusters
    assert (51.5, -0.1, 1, 44, room) == (
        cluster.latitude,
        cluster.longitude,
        cluster.count,
        cluster.lowest_price,
        cluster.room,
    )
    assert BoundingBox(-0.1, 51.5, -0.1, 51.5) == cluster.bounds


def test_rooms_near_each_other_are_one_cluster_at_their_mean_place() -> None:
    rooms = [at(51.50, -0.10, price=40), at(51.50, -0.12, price=30), at(51.56, -0.11, price=50)]

    (cluster,) = clusters(rooms, TOWN, 8).clusters
    assert pytest.approx((51.52, -0.11)) == (cluster.latitude, cluster.longitude)
    assert (3, 30, None) == (cluster.count, cluster.lowest_price, cluster.room)
    assert BoundingBox(-0.12, 51.50, -0.10, 51.56) == cluster.bounds


def test_clusters_split_at_a_higher_zoom() -> None:
    rooms = [at(51.5, -0.10), at(51.5, -0.12)]

    assert [1, 1, 2, 2] == [len(clusters(rooms, TOWN, zoom).clusters) for zoom in (8, 12, 13, 14)]


def test_the_largest_comes_first() -> None:
    rooms = [at(51.45, -0.2), *(at(51.55, number / 1e6) for number in range(3)), at(51.5, -0.1)]

    assert [3, 1, 1] == [cluster.count for cluster in clusters(rooms, TOWN, 14).clusters]


def test_rooms_on_both_sides_of_the_antimeridian_merge_if_the_box_crosses_it() -> None:
    rooms = [at(0, 179.9, price=1), at(0, -179.7, price=2)]

    (cluster,) = clusters(rooms, PACIFIC, 5).clusters
    assert pytest.approx((-179.9, 2)) == (cluster.longitude, cluster.count)
    assert BoundingBox(179.9, 0, -179.7, 0) == cluster.bounds
    assert 2 == len(clusters(rooms, EARTH, 5).clusters)


def test_rooms_at_the_western_edge_of_a_box_across_the_antimeridian_are_not_wrapped_around() -> None:
    edge = 171.209  # the mean of three times this value is rounded down
    rooms = [at(0.1 * number, edge) for number in range(3)] + [at(0.1, edge + 0.5)]

    (cluster,) = clusters(rooms, BoundingBox(edge, -30, -170, 30), 4).clusters
    assert (4, BoundingBox(edge, 0, edge + 0.5, 0.2)) == (cluster.count, cluster.bounds)


def test_bounds_hold_every_room_of_their_cluster_across_the_antimeridian() -> None:
    rooms = [at(0.01 * number, -179.99 + 0.0123456789012 * number) for number in range(40)]

    for zoom in (2, 9, 14):
        found = clusters(rooms, PACIFIC, zoom).clusters
        held = [sum(c.bounds.contains(room.latitude, room.longitude) for room in rooms) for c in found]
        assert all(number >= cluster.count for number, cluster in zip(held, found, strict=True))


def test_rooms_at_the_poles_are_at_the_edge_of_the_map() -> None:
    found = clusters([at(90, 10), at(-90, 10)], EARTH, 1)

    assert [1, 1] == [cluster.count for cluster in found.clusters]


def test_counts_from_a_sample_are_scaled_to_all_rooms() -> None:
    (cell,) = cells_of([at(51.5, -0.1)], grid_of(TOWN, 10))
    sample = Cells((cell._replace(room=None),), share=0.05)

    found = clusters_of(sample, TOWN, 10)
    assert ((20, None), False) == ((found.clusters[0].count, found.clusters[0].room), found.exact)


def test_no_rooms_are_no_clusters() -> None:
    assert Clusters(()) == clusters([], TOWN, 10)


def test_a_box_larger_than_a_screen_is_clustered_at_a_lower_zoom() -> None:
    assert 11 == fitting_zoom(TOWN, 11)
    assert fitting_zoom(TOWN, 22) < 16
    assert fitting_zoom(EARTH, 22) < 4


def test_panning_the_map_keeps_the_grid() -> None:
    moved = BoundingBox(-0.25, 51.45, 0.15, 51.65)

    assert grid_of(TOWN, 11) == grid_of(moved, 11)


def test_cells_are_about_square_on_the_map() -> None:
    assert Grid(45 / 2**11, 45 / 2**12) == grid_of(TOWN, 11)
    assert Grid(45, 45) == grid_of(BoundingBox(0, -1, 1, 1), 0)


def test_the_cell_of_a_place_is_computed_by_division() -> None:
    grid = Grid(width=45, height=22.5)

    assert [(0, 0), (3, 6), (4, 4), (8, 8)] == [
        grid.cell_of(-90, -180),
        grid.cell_of(51.5, -0.1),
        grid.cell_of(0, 0),
        grid.cell_of(90, 180),
    ]


def test_the_number_of_clusters_is_bounded() -> None:
    rooms = [at(row, column) for row in range(60) for column in range(120)]

    box = BoundingBox(0, 0, 120, 60)
    cells = Cells(cells_of(rooms, grid_of(box, 9)))

    found = clusters_of(cells, box, 9)
    assert 100 < len(found.clusters) <= MAX_CLUSTERS
    assert len(rooms) == sum(cluster.count for cluster in found.clusters)


def test_a_cell_between_two_clusters_joins_the_larger() -> None:
    pixel = 360 / 256 / 2**12
    small, between, large = (at(0, 50 * number * pixel) for number in range(3))
    more = [at(0, large.longitude + number * pixel / 100) for number in range(1, 4)]

    found = clusters([small, between, large, *more], BoundingBox(-0.05, -0.05, 0.05, 0.05), 12)
    assert [5, 1] == [cluster.count for cluster in found.clusters]


@given(rooms=room_sets(), box=boxes() | st.just(EARTH) | st.just(TOWN), zoom=st.integers(0, MAX_ZOOM))
def test_every_room_in_the_box_is_in_one_cluster_and_no_two_overlap(
    rooms: list[Room], box: BoundingBox, zoom: int
) -> None:
    inside = [room for room in rooms if box.contains(room.latitude, room.longitude)]
    found = clusters(rooms, box, zoom)

    assert len(inside) == sum(cluster.count for cluster in found.clusters)
    assert {room for room in (c.room for c in found.clusters) if room} <= set(inside)
    assert all((cluster.room is None) == (cluster.count > 1) for cluster in found.clusters)
    if inside:
        assert min(room.price for room in inside) == min(c.lowest_price for c in found.clusters)
    for one, other in combinations(found.clusters, 2):
        assert dist(*(place(cluster, box, fitting_zoom(box, zoom)) for cluster in (one, other))) > 59
    assert found == clusters(rooms[::-1], box, zoom)
