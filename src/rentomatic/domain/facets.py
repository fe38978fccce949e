"""Facets: which values the rooms of a search state, and how many rooms each, for the choices of a filter."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rentomatic.domain.fields import FACETS, RANGED, SEVERAL, STATED
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_CODE, Field, RoomQuery
from rentomatic.domain.summary import Range, range_of

MOST_VALUES = 50
"""The most values of a field."""

ValueCounts = tuple[tuple[str, int], ...]
"""Values with the number of rooms that state them: the most frequent first, equally frequent ones sorted."""


@dataclass(frozen=True, slots=True)
class Facets:
    """What the rooms of a search state.

    values: the most frequent values of each field in `FACETS`. ranges: of each field in `RANGED`, None if no
        matching room states it. Both as if the search had no condition on that field.
    unstated: the fields in `STATED` that no room of the storage states, whether it matches or not.
    exact: if false, numbers are estimates from a sample: rare values may be missing, and the true ranges may
        be wider.
    """

    values: Mapping[Field, ValueCounts]
    ranges: Mapping[Field, Range | None]
    unstated: frozenset[Field]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Counted:
    """What some rooms state of some fields. share: the share of the matching rooms that was read."""

    values: Mapping[Field, ValueCounts]
    ranges: Mapping[Field, Range | None]
    share: float = 1


def facets_of(
    query: RoomQuery,
    stated: Collection[Field],
    count: Callable[[RoomQuery, Sequence[Field]], Counted],
) -> Facets:
    """Return the facets of a search.

    stated: the fields in `STATED` that rooms of the storage state. count: reads the rooms that match a
    search, or a part of them; called once for each different search that the conditions lead to.
    """
    parts: dict[RoomQuery, list[Field]] = defaultdict(list)
    for field in (*FACETS, *RANGED):
        if field in stated:
            parts[_as_counted(query, field)].append(field)
    values: dict[Field, ValueCounts] = dict.fromkeys(FACETS, ())
    ranges: dict[Field, Range | None] = dict.fromkeys(RANGED)
    exact = True
    for part, fields in parts.items():
        found = count(part, fields)
        values |= {field: _scaled(counts, found.share) for field, counts in found.values.items()}
        ranges |= found.ranges
        exact = exact and found.share == 1
    return Facets(values, ranges, frozenset(STATED) - set(stated), exact)


def beside_choices(query: RoomQuery) -> RoomQuery:
    """Return the search without the conditions that facets leave out in turn: all their rooms match it."""
    others = tuple(c for c in query.conditions if c.field not in (*FACETS, *RANGED))
    return replace(query, conditions=others)


def counted(rows: Iterable[Sequence[Any]], fields: Collection[Field], share: float = 1) -> Counted:
    """Count what rooms state of the fields, given the values of each room."""
    counters = {field: Counter[Any]() for field in fields}
    for row in rows:
        for (field, counter), value in zip(counters.items(), row, strict=True):
            if value is not None:
                counter.update(value if field in SEVERAL else (value,))
    return Counted(
        {field: most_frequent(counter) for field, counter in counters.items() if field in FACETS},
        {field: range_of(counter) for field, counter in counters.items() if field in RANGED},
        share,
    )


def values_in(rooms: Iterable[Room], fields: Collection[Field]) -> Iterator[list[Any]]:
    """Yield the values of the fields for each room."""
    return ([getattr(room, field) for field in fields] for room in rooms)


def most_frequent(counts: Mapping[str, int]) -> ValueCounts:
    """Return the values that facets tell."""
    return tuple(sorted(counts.items(), key=lambda found: (-found[1], found[0]))[:MOST_VALUES])


def _as_counted(query: RoomQuery, field: Field) -> RoomQuery:
    """Return the search whose rooms count for the field, the same one for all fields where it may be."""
    others = tuple(c for c in query.conditions if c.field is not field)
    return replace(query, conditions=others, near=None, sort=BY_CODE, after=None)


def _scaled(counts: ValueCounts, share: float) -> ValueCounts:
    return counts if share == 1 else tuple((value, round(rooms / share)) for value, rooms in counts)
