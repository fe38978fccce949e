import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.geography import (
    EARTH_RADIUS,
    MAX_RADIUS,
    BoundingBox,
    Circle,
    Point,
    distance,
    distance_range,
)
from tests.builders import LATITUDES, LONGITUDES, POINTS, RADII, boxes


@pytest.mark.parametrize(
    ("place", "other", "metres"),
    [
        # The first is a widely published example of the haversine formula (Rosetta Code, BNA to LAX).
        ((36.12, -86.67), (33.94, -118.40), 2_886_448.4),
        ((0.0, 0.0), (0.0, 0.0), 0.0),
        ((0.0, 0.0), (0.0, 180.0), math.pi * EARTH_RADIUS),
        ((90.0, 0.0), (-90.0, 77.0), math.pi * EARTH_RADIUS),
        ((90.0, 10.0), (90.0, -120.0), 0.0),
        ((0.0, 179.9), (0.0, -179.9), math.radians(0.2) * EARTH_RADIUS),
    ],
)
def test_distance_is_along_the_great_circle(
    place: tuple[float, float], other: tuple[float, float], metres: float
) -> None:
    assert distance(*place, *other) == pytest.approx(metres, abs=1)


@given(POINTS, POINTS)
def test_distance_is_symmetric_and_at_most_half_the_circumference(one: Point, other: Point) -> None:
    there = one.distance_to(other.latitude, other.longitude)
    back = other.distance_to(one.latitude, one.longitude)

    assert there == pytest.approx(back, abs=1e-3)
    assert 0 <= there <= MAX_RADIUS


@pytest.mark.parametrize(
    ("box", "longitude", "inside"),
    [
        (BoundingBox(-1, 0, 1, 2), 0, True),
        (BoundingBox(-1, 0, 1, 2), 1, True),
        (BoundingBox(-1, 0, 1, 2), 1.1, False),
        (BoundingBox(170, 0, -170, 2), 175, True),
        (BoundingBox(170, 0, -170, 2), -175, True),
        (BoundingBox(170, 0, -170, 2), 180, True),
        (BoundingBox(170, 0, -170, 2), -180, True),
        (BoundingBox(170, 0, -170, 2), 0, False),
        (BoundingBox(-180, 0, 180, 2), 42, True),
    ],
)
def test_a_box_may_cross_the_antimeridian(box: BoundingBox, longitude: float, inside: bool) -> None:
    assert inside is box.contains(1, longitude)


@given(boxes(), LATITUDES, LONGITUDES)
def test_the_parts_of_a_box_hold_what_the_box_holds(
    box: BoundingBox, latitude: float, longitude: float
) -> None:
    parts = list(box.parts())

    assert all(part.west <= part.east for part in parts)
    assert box.contains(latitude, longitude) is any(part.contains(latitude, longitude) for part in parts)


@given(POINTS, RADII, st.floats(0, 2 * math.pi), st.floats(0, 1))
def test_the_box_around_a_circle_holds_the_circle(
    centre: Point, radius: float, bearing: float, share: float
) -> None:
    circle = Circle(centre, radius)
    place = destination(centre, bearing, share * radius)

    if circle.contains(place.latitude, place.longitude):
        assert circle.bounding_box().contains(place.latitude, place.longitude)


def destination(start: Point, bearing: float, metres: float) -> Point:
    """Return the point reached from the start in that direction (radians from north)."""
    angle, latitude = metres / EARTH_RADIUS, math.radians(start.latitude)
    sine = math.sin(latitude) * math.cos(angle) + math.cos(latitude) * math.sin(angle) * math.cos(bearing)
    north = math.asin(max(-1.0, min(1.0, sine)))
    east = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(latitude),
        math.cos(angle) - math.sin(latitude) * math.sin(north),
    )
    longitude = (start.longitude + math.degrees(east) + 540) % 360 - 180
    return Point(math.degrees(north), longitude)


@pytest.mark.parametrize(
    ("west", "south", "east", "north"),
    [(-181, 0, 0, 1), (0, -91, 1, 1), (0, 2, 1, 1), (0, 0, math.nan, 1), (0, 0, math.inf, 1)],
)
def test_a_box_off_the_earth_is_refused(west: float, south: float, east: float, north: float) -> None:
    with pytest.raises(ValueError, match="must"):
        BoundingBox(west, south, east, north)


@pytest.mark.parametrize("radius", [-1, math.nan, math.inf, MAX_RADIUS + 1])
def test_a_radius_beyond_the_earth_is_refused(radius: float) -> None:
    with pytest.raises(ValueError, match="radius"):
        Circle(Point(0, 0), radius)


@pytest.mark.parametrize("place", [(91, 0), (0, 181), (math.nan, 0)])
def test_a_point_off_the_earth_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="latitude must be between"):
        Point(*place)


@given(POINTS, RADII, st.floats(0, 1), st.floats(0, 1))
def test_the_box_within_a_circle_lies_wholly_in_the_circle(
    centre: Point, radius: float, north: float, east: float
) -> None:
    circle = Circle(centre, radius)
    box = circle.inner_box()

    if box:
        latitude = min(box.north, box.south + north * (box.north - box.south))
        longitude = min(box.east, box.west + east * (box.east - box.west))
        assert circle.contains(latitude, longitude)


@given(POINTS, boxes(), st.floats(0, 1), st.floats(0, 1))
def test_distances_to_places_in_a_box_are_within_its_range(
    near: Point, box: BoundingBox, north: float, east: float
) -> None:
    for part in box.parts():
        latitude = min(part.north, part.south + north * (part.north - part.south))
        longitude = min(part.east, part.west + east * (part.east - part.west))
        least, greatest = distance_range(near, part.west, part.south, part.east, part.north)

        assert least - 1 <= near.distance_to(latitude, longitude) <= greatest + 1


@given(POINTS, POINTS)
def test_a_box_of_one_place_has_one_distance(near: Point, place: Point) -> None:
    edges = (place.longitude, place.latitude, place.longitude, place.latitude)

    assert distance_range(near, *edges) == (near.distance_to(place.latitude, place.longitude),) * 2
