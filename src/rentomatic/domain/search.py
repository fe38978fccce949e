"""A search for rooms as typed data, and its meaning: `RoomQuery.matches` and `order_key`.

Every storage must give the same rooms in the same order as these two.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rentomatic.domain.fields import FIELD, Field, Operator
from rentomatic.domain.geography import Area, Point
from rentomatic.domain.kinds import canonical_code
from rentomatic.domain.room import Room, searched_values
from rentomatic.domain.several import Several
from rentomatic.domain.words import all_begin, asked_words, words_in

__all__ = [
    "BY_CODE",
    "BY_DISTANCE",
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "SORTS",
    "TAKES_SEVERAL",
    "Condition",
    "Field",
    "Operator",
    "Page",
    "Position",
    "RoomQuery",
    "Sort",
    "SortKey",
    "Value",
]

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100


Value = str | int | float

TAKES_SEVERAL = frozenset({Operator.IN, Operator.ALL})
"""The operators that compare with a tuple of values."""

_HOLDS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.IN: lambda value, allowed: value in allowed,
    Operator.ALL: lambda values, wanted: set(wanted).issubset(values),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A field, an operator and a value of the field's type; for `in` and `all`, a tuple of values.

    Raises ValueError if the value does not fit the field or the operator, or the field does not take the
    operator.
    """

    field: Field
    operator: Operator
    value: Value | tuple[Value, ...]

    def __post_init__(self) -> None:
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        if isinstance(self.value, tuple) != (self.operator in TAKES_SEVERAL) or not values:
            raise ValueError("`in` and `all` take a tuple of at least one value, other operators one value")
        field = FIELD[self.field]
        if self.operator not in field.operators:
            raise ValueError(f"no condition `{self.operator}` on {self.field}")
        type_ = str if isinstance(field.kind, Several) else field.kind.python_type
        if not all(type(value) is type_ for value in values):
            raise ValueError(f"{self.field} compares with {type_.__name__}")
        if self.field is Field.CODE:
            codes = tuple(canonical_code(str(value)) for value in values)
            object.__setattr__(self, "value", codes if self.operator is Operator.IN else codes[0])

    def holds(self, room: Room) -> bool:
        """Whether the room meets the condition; an unstated value meets none."""
        value = getattr(room, self.field)
        return value is not None and _HOLDS[self.operator](value, self.value)


class SortKey(StrEnum):
    """What a search can be sorted by: fields, or the distance."""

    CODE = "code"
    PRICE = "price"
    SIZE = "size"
    DISTANCE = "distance"


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of rooms, with equal ones ordered by code; a sort by distance is nearest first."""

    key: SortKey
    descending: bool = False

    def __post_init__(self) -> None:
        if self.descending and self.key is SortKey.DISTANCE:
            raise ValueError("distance sorts nearest first only")

    def __str__(self) -> str:
        return f"-{self.key}" if self.descending else str(self.key)


BY_CODE = Sort(SortKey.CODE)
BY_DISTANCE = Sort(SortKey.DISTANCE)

SORTS = {
    str(sort): sort
    for sort in (
        *(Sort(key, down) for key in SortKey if key is not SortKey.DISTANCE for down in (False, True)),
        BY_DISTANCE,
    )
}
"""Every sort by its name: `price`, `-price` …"""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order of a search: the sort's value of the room there, and its code.

    value: its price, size (None if unstated), distance in metres or code.
    """

    value: Value | None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomQuery:
    """Which rooms, in which order, and which page of them.

    conditions, areas: all must hold.
    words: each of them begins a word of the room's texts. As `words_of` returns them; they are put in order,
        without those that follow from others.
    near: the point that distances are measured from.
    after: where the previous page ended; None for the first page.

    Raises ValueError for a sort by distance without a point, for a limit outside 1 to 1000, and for a word
    that no text has.
    """

    conditions: tuple[Condition, ...] = ()
    areas: tuple[Area, ...] = ()
    words: tuple[str, ...] = ()
    near: Point | None = None
    sort: Sort = BY_CODE
    limit: int = DEFAULT_LIMIT
    after: Position | None = None

    def __post_init__(self) -> None:
        if self.sort.key is SortKey.DISTANCE and self.near is None:
            raise ValueError("a sort by distance needs a point to be near to")
        if not 1 <= self.limit <= MAX_LIMIT:
            raise ValueError(f"a limit is between 1 and {MAX_LIMIT}")
        if self.words:
            object.__setattr__(self, "words", asked_words(self.words))

    @property
    def origin(self) -> Point:
        """The point that distances are measured from. Raises ValueError if the search has none."""
        if self.near is None:
            raise ValueError("this search is near no point")
        return self.near

    def matches(self, room: Room) -> bool:
        """Whether the room matches the search."""
        return (
            all(condition.holds(room) for condition in self.conditions)
            and all(area.contains(room.latitude, room.longitude) for area in self.areas)
            and (not self.words or all_begin(self.words, words_in(searched_values(room))))
        )

    def position(self, room: Room) -> Position:
        """Return the room's place in the order of this search."""
        if self.sort.key is SortKey.DISTANCE:
            return Position(self.origin.distance_to(room.latitude, room.longitude), room.code)
        return Position(getattr(room, self.sort.key), room.code)

    def order_key(self, position: Position) -> tuple[Any, ...]:
        """Return a key that sorts positions as this search does: unstated values last, then by code."""
        value = position.value
        if value is None:
            return (True, 0, position.code)
        if isinstance(value, str):
            return (False, _reversed_text(value) if self.sort.descending else value)
        return (False, -value if self.sort.descending else value, position.code)


def _reversed_text(text: str) -> tuple[int, ...]:
    """Return a key that sorts texts by code point in descending order: "ab" before "a"."""
    return (*(-ord(character) for character in text), 1)


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` rooms in the order of the search, and whether more follow."""

    rooms: tuple[Room, ...]
    more: bool
