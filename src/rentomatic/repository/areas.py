"""The part of the Earth that a search can find rooms in, for storages that look there first."""

from collections.abc import Callable

from rentomatic.domain.geography import BoundingBox, Circle
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery

WHOLE_EARTH = BoundingBox(-180.0, -90.0, 180.0, 90.0)


def boxes_around(query: RoomQuery) -> list[BoundingBox]:
    """Boxes that hold every room in the areas, none of them crossing the antimeridian.

    Bounds on latitude and longitude count as an area. Empty where the areas have nothing in common.
    """
    boxes = [WHOLE_EARTH]
    for area in (*query.areas, *map(_band, query.conditions)):
        box = area.bounding_box() if isinstance(area, Circle) else area
        boxes = [both for one in boxes for part in box.parts() if (both := _intersection(one, part))]
    return boxes


_BANDS: dict[tuple[Field, Operator], Callable[[float], BoundingBox]] = {
    (Field.LATITUDE, Operator.EQ): lambda edge: BoundingBox(-180, edge, 180, edge),
    (Field.LATITUDE, Operator.GT): lambda edge: BoundingBox(-180, edge, 180, 90),
    (Field.LATITUDE, Operator.GTE): lambda edge: BoundingBox(-180, edge, 180, 90),
    (Field.LATITUDE, Operator.LT): lambda edge: BoundingBox(-180, -90, 180, edge),
    (Field.LATITUDE, Operator.LTE): lambda edge: BoundingBox(-180, -90, 180, edge),
    (Field.LONGITUDE, Operator.EQ): lambda edge: BoundingBox(edge, -90, edge, 90),
    (Field.LONGITUDE, Operator.GT): lambda edge: BoundingBox(edge, -90, 180, 90),
    (Field.LONGITUDE, Operator.GTE): lambda edge: BoundingBox(edge, -90, 180, 90),
    (Field.LONGITUDE, Operator.LT): lambda edge: BoundingBox(-180, -90, edge, 90),
    (Field.LONGITUDE, Operator.LTE): lambda edge: BoundingBox(-180, -90, edge, 90),
}


def _band(condition: Condition) -> BoundingBox:
    """The band of the Earth that a condition leaves: all of it, but for bounds on coordinates."""
    band = _BANDS.get((condition.field, condition.operator))
    return band(condition.value) if band and isinstance(condition.value, float) else WHOLE_EARTH


def _intersection(one: BoundingBox, other: BoundingBox) -> BoundingBox | None:
    west, east = max(one.west, other.west), min(one.east, other.east)
    south, north = max(one.south, other.south), min(one.north, other.north)
    return BoundingBox(west, south, east, north) if west <= east and south <= north else None
