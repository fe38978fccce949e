"""Places on the Earth, taken as a sphere: points, areas and the distance between them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from math import asin, cos, hypot, radians, sin, sqrt

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the Earth in metres (IUGG, R1)."""

MAX_RADIUS = 20_015_115.0
"""Half the circumference of the Earth in metres, rounded up: a circle this large holds every room."""

# Degrees, about ten centimetres: more than all rounding in `Circle.bounding_box`, so that the box includes
# every room of the circle.
_MARGIN = 1e-6
_SHRINK = 1 - 1e-6  # likewise, so that the circle includes every room of `Circle.inner_box`


def distance(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Return the great-circle distance in metres between two points given in degrees.

    The haversine formula (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984).
    """
    north = sin(radians(to_latitude - latitude) / 2)
    east = sin(radians(to_longitude - longitude) / 2)
    half_chord = north * north + cos(radians(latitude)) * cos(radians(to_latitude)) * east * east
    return 2 * EARTH_RADIUS * asin(sqrt(min(1.0, half_chord)))


@dataclass(frozen=True, slots=True)
class Point:
    """A place, in WGS 84 degrees. Raises ValueError outside -90 to 90 and -180 to 180."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError("latitude must be between -90 and 90 degrees, longitude between -180 and 180")

    def distance_to(self, latitude: float, longitude: float) -> float:
        """Return the great-circle distance in metres."""
        return distance(self.latitude, self.longitude, latitude, longitude)


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """The places between two meridians and two parallels, edges included, in degrees.

    A box whose west is greater than its east crosses the antimeridian. Edges are compared as numbers: a box
    that ends at longitude 180 does not hold a place at -180. Raises ValueError if an edge is out of range or
    south is greater than north.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not (-180 <= self.west <= 180 and -180 <= self.east <= 180):
            raise ValueError("west and east must be between -180 and 180 degrees")
        if not (-90 <= self.south <= 90 and -90 <= self.north <= 90):
            raise ValueError("south and north must be between -90 and 90 degrees")
        if self.south > self.north:
            raise ValueError("south must not be greater than north")

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether the place lies in the box or on its edge."""
        if not self.south <= latitude <= self.north:
            return False
        if self.west <= self.east:
            return self.west <= longitude <= self.east
        return longitude >= self.west or longitude <= self.east

    def parts(self) -> Iterator["BoundingBox"]:
        """Yield the area as one box, or as two if it crosses the antimeridian."""
        if self.west <= self.east:
            yield self
        else:
            yield BoundingBox(self.west, self.south, 180.0, self.north)
            yield BoundingBox(-180.0, self.south, self.east, self.north)


@dataclass(frozen=True, slots=True)
class Circle:
    """The places at most `radius` metres away from a point.

    Raises ValueError for a radius below 0 or above `MAX_RADIUS`.
    """

    centre: Point
    radius: float

    def __post_init__(self) -> None:
        if not 0 <= self.radius <= MAX_RADIUS:
            raise ValueError(f"a radius is between 0 and {MAX_RADIUS:.0f} metres")

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether the place is at most the radius away."""
        return self.centre.distance_to(latitude, longitude) <= self.radius

    def bounding_box(self) -> BoundingBox:
        """Return a box that holds the whole circle, even at a pole or the antimeridian.

        After J. P. Matuschek, "Finding Points Within a Distance of a Latitude/Longitude Using Bounding
        Coordinates": the meridians that touch the circle are asin(sin r / cos lat) away, unless the circle
        contains a pole.
        """
        angle = self.radius / EARTH_RADIUS
        height = math.degrees(angle) + _MARGIN
        south, north = self.centre.latitude - height, self.centre.latitude + height
        if south <= -90 or north >= 90:
            return BoundingBox(-180.0, max(south, -90.0), 180.0, min(north, 90.0))
        width = math.degrees(asin(min(1.0, sin(angle) / cos(radians(self.centre.latitude))))) + _MARGIN
        west, east = self.centre.longitude - width, self.centre.longitude + width
        return BoundingBox(
            west + 360 if west < -180 else west, south, east - 360 if east > 180 else east, north
        )

    def inner_box(self) -> BoundingBox | None:
        """Return a box that lies wholly in the circle, None if there is none in one piece.

        Its corners are furthest from the centre. Their distance is at most that of a straight line in
        degrees, with all parallels taken as long as the longest in the box.
        """
        half = math.degrees(self.radius / EARTH_RADIUS / sqrt(2)) * _SHRINK
        south, north = self.centre.latitude - half, self.centre.latitude + half
        if self.radius < 1 or south <= -90 or north >= 90:  # below one metre, rounding would matter
            return None
        width = half if south <= 0 <= north else half / cos(radians(min(abs(south), abs(north))))
        west, east = self.centre.longitude - width, self.centre.longitude + width
        return BoundingBox(west, south, east, north) if west >= -180 and east <= 180 else None


Area = BoundingBox | Circle


def distance_range(near: Point, west: float, south: float, east: float, north: float) -> tuple[float, float]:
    """Return a lower and an upper bound in metres for the distance to any place in a box, given in degrees.

    A place is no further from the middle of the box than half its diagonal, a straight line in degrees with
    all parallels taken as long as the longest in the box. By the triangle inequality this bounds the distance
    from any point in both directions. The box does not cross the antimeridian.
    """
    widest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    across = hypot(radians(north - south), radians(east - west) * cos(radians(widest)))
    middle, reach = near.distance_to((south + north) / 2, (west + east) / 2), EARTH_RADIUS * across / 2
    return max(0.0, middle - reach), middle + reach
