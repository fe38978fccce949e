"""How to narrow a search that takes too long, based on its conditions."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rentomatic.domain.geography import BoundingBox, Circle
from rentomatic.domain.search import BY_CODE, BY_DISTANCE, Condition, Field, Operator, RoomQuery
from rentomatic.use_cases.loosen_search import RADII

MANY_VALUES = 20
"""An `in` with more values than this is worth shortening."""

SMALL_BOX = 0.05
"""Degrees from one edge to the other. A box this small, part of a town, need not be smaller."""

USUAL_RADIUS = 5000
"""The radius in metres that is suggested for a search without one."""


class Narrowing(StrEnum):
    """What to change."""

    FEWER_VALUES = "fewer_values"
    ADD_AREA = "add_area"
    ADD_RADIUS = "add_radius"
    SMALLER_RADIUS = "smaller_radius"
    SMALLER_BOX = "smaller_box"
    USUAL_SORT = "usual_sort"


@dataclass(frozen=True, slots=True)
class Advice:
    """One way to narrow a search.

    condition: the field and operator of the one to shorten, for FEWER_VALUES. radius: a sufficiently small
        value in metres, for ADD_RADIUS and SMALLER_RADIUS.
    """

    narrowing: Narrowing
    condition: tuple[Field, Operator] | None = None
    radius: int | None = None


def narrow_search(query: RoomQuery) -> tuple[Advice, ...]:
    """Return ways to narrow the search, the most useful first; empty if it is narrow already."""
    return tuple(dict.fromkeys((*_values(query.conditions), *_areas(query), *_sort(query))))


def _values(conditions: tuple[Condition, ...]) -> Iterator[Advice]:
    for condition in conditions:
        if isinstance(condition.value, tuple) and len(condition.value) > MANY_VALUES:
            yield Advice(Narrowing.FEWER_VALUES, (condition.field, condition.operator))


def _areas(query: RoomQuery) -> Iterator[Advice]:
    if not query.areas:
        if query.near is None:
            yield Advice(Narrowing.ADD_AREA)
        else:
            yield Advice(Narrowing.ADD_RADIUS, radius=USUAL_RADIUS)
    for area in query.areas:
        match area:
            case Circle():
                # Half the radius is a quarter of the area, and so about a quarter of the rooms.
                steps = [metres for metres in RADII if metres <= area.radius / 2]
                if steps:
                    yield Advice(Narrowing.SMALLER_RADIUS, radius=steps[-1])
            case BoundingBox():
                if _is_large(area):
                    yield Advice(Narrowing.SMALLER_BOX)


def _is_large(box: BoundingBox) -> bool:
    width = box.east - box.west + (360 if box.west > box.east else 0)
    return max(width, box.north - box.south) > SMALL_BOX


def _sort(query: RoomQuery) -> Iterator[Advice]:
    if query.sort not in (BY_CODE if query.near is None else BY_DISTANCE, BY_CODE):
        yield Advice(Narrowing.USUAL_SORT)
