"""The bounding boxes that hold every room a search can find, for storages that filter by place first."""

from functools import lru_cache
from itertools import pairwise

from rentomatic.domain.geography import Area, BoundingBox, Circle
from rentomatic.domain.search import Field, Operator, RoomQuery
from rentomatic.repository.listed import listed_values

WHOLE_EARTH = BoundingBox(-180.0, -90.0, 180.0, 90.0)

EVERYWHERE = (WHOLE_EARTH,)
"""The boxes of a search without areas."""

MOST_BANDS = 8
"""The most ranges that a list of latitudes or longitudes becomes; close values share a range."""

_FROM = frozenset({Operator.GT, Operator.GTE, Operator.EQ})
_UP_TO = frozenset({Operator.LT, Operator.LTE, Operator.EQ})


@lru_cache(maxsize=64)
def boxes_around(query: RoomQuery) -> tuple[BoundingBox, ...]:
    """Return boxes that hold every room in the areas, none of them crossing the antimeridian.

    Conditions on latitude and longitude count as areas. The number of boxes is bounded, whatever the number
    of values and conditions, because storages look into the boxes one by one. Empty if the areas do not
    overlap. Cached, because a storage asks several times during one search.
    """
    boxes = [WHOLE_EARTH]
    bands = _bands(query, Field.LATITUDE), _bands(query, Field.LONGITUDE)
    for parts in (*map(_parts, query.areas), *bands):
        boxes = [both for one in boxes for part in parts if (both := _intersection(one, part))]
    return tuple(boxes)


def _parts(area: Area) -> list[BoundingBox]:
    """Return the boxes around an area: two if it crosses the antimeridian."""
    return list((area.bounding_box() if isinstance(area, Circle) else area).parts())


def _bands(query: RoomQuery, field: Field) -> list[BoundingBox]:
    """Return the bands of the Earth allowed by all conditions on one coordinate."""
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
    """Return at most `MOST_BANDS` ranges that hold all the values, split at the widest gaps."""
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
