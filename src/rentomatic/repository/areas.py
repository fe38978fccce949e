"""The part of the Earth that a search can find rooms in, for storages that look there first."""

from collections.abc import Callable, Iterable
from itertools import pairwise

from rentomatic.domain.geography import Area, BoundingBox, Circle
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery

WHOLE_EARTH = BoundingBox(-180.0, -90.0, 180.0, 90.0)

MOST_BANDS = 8
"""Bands of the Earth in which one coordinate may be; of more values, neighbours share a band."""


def boxes_around(query: RoomQuery) -> list[BoundingBox]:
    """Boxes that hold every room in the areas, none of them crossing the antimeridian.

    Bounds on latitude and longitude count as an area. Empty where the areas have nothing in common.
    """
    boxes = [WHOLE_EARTH]
    for parts in (*map(_parts, query.areas), *map(_bands, query.conditions)):
        boxes = [both for one in boxes for part in parts if (both := _intersection(one, part))]
    return boxes


def _parts(area: Area) -> list[BoundingBox]:
    """The boxes around an area, two where they cross the antimeridian."""
    return list((area.bounding_box() if isinstance(area, Circle) else area).parts())


_BANDS: dict[tuple[Field, Operator], Callable[[float], BoundingBox]] = {
    (Field.LATITUDE, Operator.GT): lambda edge: BoundingBox(-180, edge, 180, 90),
    (Field.LATITUDE, Operator.GTE): lambda edge: BoundingBox(-180, edge, 180, 90),
    (Field.LATITUDE, Operator.LT): lambda edge: BoundingBox(-180, -90, 180, edge),
    (Field.LATITUDE, Operator.LTE): lambda edge: BoundingBox(-180, -90, 180, edge),
    (Field.LONGITUDE, Operator.GT): lambda edge: BoundingBox(edge, -90, 180, 90),
    (Field.LONGITUDE, Operator.GTE): lambda edge: BoundingBox(edge, -90, 180, 90),
    (Field.LONGITUDE, Operator.LT): lambda edge: BoundingBox(-180, -90, edge, 90),
    (Field.LONGITUDE, Operator.LTE): lambda edge: BoundingBox(-180, -90, edge, 90),
}


def _bands(condition: Condition) -> list[BoundingBox]:
    """The bands of the Earth that a condition leaves: all of it, but for conditions on coordinates."""
    if condition.field not in (Field.LATITUDE, Field.LONGITUDE):
        return [WHOLE_EARTH]
    if condition.operator in (Operator.EQ, Operator.IN):
        listed = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        ends = _few_ranges(value for value in listed if isinstance(value, float))
        if condition.field is Field.LATITUDE:
            return [BoundingBox(-180, low, 180, high) for low, high in ends]
        return [BoundingBox(low, -90, high, 90) for low, high in ends]
    band = _BANDS.get((condition.field, condition.operator))
    return [band(condition.value) if band and isinstance(condition.value, float) else WHOLE_EARTH]


def _few_ranges(values: Iterable[float]) -> list[tuple[float, float]]:
    """The ends of at most `MOST_BANDS` ranges that hold the values, apart where the gaps are widest."""
    ordered = sorted(set(values))
    widest = sorted(pairwise(ordered), key=lambda gap: gap[0] - gap[1])[: MOST_BANDS - 1]
    lows, highs = [ordered[0]], []
    for before, after in sorted(widest):
        highs.append(before)
        lows.append(after)
    return list(zip(lows, [*highs, ordered[-1]], strict=True))


def _intersection(one: BoundingBox, other: BoundingBox) -> BoundingBox | None:
    west, east = max(one.west, other.west), min(one.east, other.east)
    south, north = max(one.south, other.south), min(one.north, other.north)
    return BoundingBox(west, south, east, north) if west <= east and south <= north else None
