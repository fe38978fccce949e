"""The part of the Earth that a search can find rooms in, for storages that look there first."""

from functools import lru_cache
from itertools import pairwise

from rentomatic.domain.geography import Area, BoundingBox, Circle
from rentomatic.domain.search import Field, Operator, RoomQuery
from rentomatic.repository.listed import listed_values

WHOLE_EARTH = BoundingBox(-180.0, -90.0, 180.0, 90.0)

EVERYWHERE = (WHOLE_EARTH,)
"""The boxes of a search without areas."""

MOST_BANDS = 8
"""Bands of the Earth in which one coordinate may be; of more values, neighbours share a band."""

_FROM = frozenset({Operator.GT, Operator.GTE, Operator.EQ})
_UP_TO = frozenset({Operator.LT, Operator.LTE, Operator.EQ})


@lru_cache(maxsize=64)
def boxes_around(query: RoomQuery) -> tuple[BoundingBox, ...]:
    """Boxes that hold every room in the areas, none of them crossing the antimeridian.

    Conditions on latitude and longitude count as an area. However many values and conditions there are, the
    boxes are few: storages look into them one by one. Empty where the areas have nothing in common.
    A storage asks for those of one search several times; they are computed once.
    """
    boxes = [WHOLE_EARTH]
    bands = _bands(query, Field.LATITUDE), _bands(query, Field.LONGITUDE)
    for parts in (*map(_parts, query.areas), *bands):
        boxes = [both for one in boxes for part in parts if (both := _intersection(one, part))]
    return tuple(boxes)


def _parts(area: Area) -> list[BoundingBox]:
    """The boxes around an area, two where they cross the antimeridian."""
    return list((area.bounding_box() if isinstance(area, Circle) else area).parts())


def _bands(query: RoomQuery, field: Field) -> list[BoundingBox]:
    """The bands of the Earth that all conditions on one coordinate together leave."""
    low, high = (-90.0, 90.0) if field is Field.LATITUDE else (-180.0, 180.0)
    conditions = [c for c in query.conditions if c.field is field]
    for condition in conditions:
        if isinstance(condition.value, float) and condition.operator in _FROM:
            low = max(low, condition.value)
        if isinstance(condition.value, float) and condition.operator in _UP_TO:
            high = min(high, condition.value)
    listed = listed_values(conditions)
    ends = [(low, high)] if listed is None else _few_ranges([v for v in listed if low <= v <= high])
    if field is Field.LATITUDE:
        return [BoundingBox(-180.0, south, 180.0, north) for south, north in ends if south <= north]
    return [BoundingBox(west, -90.0, east, 90.0) for west, east in ends if west <= east]


def _few_ranges(ordered: list[float]) -> list[tuple[float, float]]:
    """The ends of at most `MOST_BANDS` ranges that hold the values, apart where the gaps are widest."""
    if not ordered:
        return []
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
