"""The boxes in which the rooms of a search are, as the index of places is asked for them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import Condition, Field, RoomQuery
from rentomatic.repository.areas import boxes_around
from rentomatic.repository.sql import ranges

_STRIPS = 8
"""Values of a coordinate that are looked up one by one; more are looked for in the band around them."""


def boxes_of(query: RoomQuery) -> list[BoundingBox]:
    """Boxes that hold every room in the areas and at the coordinates of the query."""
    bands = [
        list(_bands(field, values))
        for field in (Field.LATITUDE, Field.LONGITUDE)
        if (values := listed_values(ranges(query, field))) is not None
    ]
    return [
        box
        for together in product(*bands)
        for box in boxes_around(replace(query, areas=(*query.areas, *together)))
    ]


def _bands(field: Field, values: Sequence[float]) -> Iterator[BoundingBox]:
    """The parts of the Earth in which the coordinate has one of the values."""
    alike = [(value, value) for value in values] if len(values) <= _STRIPS else [(min(values), max(values))]
    for low, high in alike:
        if field is Field.LATITUDE:
            yield BoundingBox(-180.0, low, 180.0, high)
        else:
            yield BoundingBox(low, -90.0, high, 90.0)


def listed_values(conditions: Iterable[Condition]) -> list[Any] | None:
    """The values that are in every list among conditions on one field, None where there is no list."""
    lists = [set(c.value) for c in conditions if isinstance(c.value, tuple)]
    return sorted(set.intersection(*lists)) if lists else None
