"""A room for rent, valid by construction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from rentomatic.domain.fields import (
    ALWAYS_WRITTEN,
    FIELD,
    FIELDS,
    NAMES,
    SEARCHED,
    SEVERAL,
    WRITTEN_IF_STATED,
    Field,
)
from rentomatic.domain.kinds import (
    CODE_PATTERN,
    CODE_RULE,
    MAX_INTEGER,
    RESERVED_CODES,
    TINY,
    canonical_code,
)

__all__ = [
    "CODE_PATTERN",
    "CODE_RULE",
    "MAX_INTEGER",
    "NOTHING_STATED",
    "RESERVED_CODES",
    "TINY",
    "InvalidRoom",
    "Room",
    "always_written",
    "canonical_code",
    "rest_of",
    "room_of_values",
    "searched_values",
    "stated",
    "stored_room",
    "values_of",
]


class InvalidRoom(ValueError):
    """Values that make no room; `problems` maps each wrong field to what is wrong with it."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {problem}" for field, problem in problems.items()))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room that is for rent. `FIELDS` tells what each field means and which values it has.

    None stands for what is not stated, as an empty list does. A UUID as a code is put into lower case,
    degrees of less than 1e-15 are taken for zero, and a list of texts has each once, features in order.

    Raises InvalidRoom naming every wrong field.
    """

    code: str
    size: int | None
    price: int
    latitude: float
    longitude: float
    title: str | None = None
    kind: str | None = None
    neighbourhood: str | None = None
    guests: int | None = None
    min_stay: int | None = None
    features: tuple[str, ...] | None = None
    description: str | None = None
    url: str | None = None
    photos: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        # What `FIELDS` says, written out for speed, since each search makes rooms; a test compares the two.
        size, latitude, longitude = self.size, self.latitude, self.longitude
        if (
            _wrong_code(self.code)
            or not (size is None or (type(size) is int and 1 <= size <= MAX_INTEGER))
            or not (type(self.price) is int and 0 <= self.price <= MAX_INTEGER)
            or not (type(latitude) is float and -90 <= latitude <= 90)
            or not (type(longitude) is float and -180 <= longitude <= 180)
            or (rest_of(self) != NOTHING_STATED and _wrong_rest(self))  # which gathers lists first
        ):
            _require_valid(self)
        if len(self.code) == 36 and not self.code.islower():
            object.__setattr__(self, "code", canonical_code(self.code))
        if -TINY < latitude < TINY or type(latitude) is int:
            object.__setattr__(self, "latitude", _degrees(latitude))
        if -TINY < longitude < TINY or type(longitude) is int:
            object.__setattr__(self, "longitude", _degrees(longitude))


values_of: Callable[[Room], tuple[Any, ...]] = attrgetter(*NAMES)
"""The values of a room in the order of `FIELDS`."""

always_written: Callable[[Room], tuple[Any, ...]] = attrgetter(*ALWAYS_WRITTEN)
"""The values of `ALWAYS_WRITTEN`, which every document has."""

rest_of: Callable[[Room], Any] = attrgetter(*WRITTEN_IF_STATED)
"""The values of `WRITTEN_IF_STATED`, equal to `NOTHING_STATED` if the room states none of them."""

searched_values: Callable[[Room], tuple[Any, ...]] = attrgetter(*SEARCHED)
"""The values in which a search for words looks."""

NOTHING_STATED = (None,) * len(WRITTEN_IF_STATED)

_PROBLEMS = tuple(FIELD[Field(name)].kind.problem for name in WRITTEN_IF_STATED)

_wrong_code = FIELD[Field.CODE].kind.problem


def _wrong_rest(room: Room) -> bool:
    """Whether a value that only some documents have is wrong, after gathering lists."""
    _gather(room)
    for value, problem in zip(rest_of(room), _PROBLEMS, strict=True):
        if value is not None and problem(value):
            return True
    return False


def _gather(room: Room) -> None:
    """Put the lists of a room into the form in which it keeps them."""
    for name, kind in SEVERAL.items():
        if (value := getattr(room, name)) is not None:
            object.__setattr__(room, name, kind.gathered(value))


def room_of_values(values: Sequence[Any]) -> Room:
    """Return the room of the values in the order of `FIELDS`."""
    return Room(**dict(zip(NAMES, values, strict=True)))


_SETTERS = tuple(Room.__dict__[name].__set__ for name in NAMES)


def stored_room(values: Sequence[Any]) -> Room:
    """Return the room of stored values in the order of `FIELDS`, without a second look at types and bounds.

    For rows of a storage whose constraints hold; every search makes many rooms of them. Only what constraints
    cannot tell is checked: of texts and lists. Raises InvalidRoom.
    """
    room = object.__new__(Room)
    for set_value, value in zip(_SETTERS, values, strict=True):
        set_value(room, value)
    if rest_of(room) != NOTHING_STATED and _wrong_rest(room):
        _require_valid(room)
    if -TINY < room.latitude < TINY or -TINY < room.longitude < TINY:
        object.__setattr__(room, "latitude", _degrees(room.latitude))
        object.__setattr__(room, "longitude", _degrees(room.longitude))
    return room


def stated(room: Room) -> dict[str, Any]:
    """Return what the room states beyond what every document has, by the name of the field."""
    if rest_of(room) == NOTHING_STATED:
        return {}
    values = ((name, getattr(room, name)) for name in WRITTEN_IF_STATED)
    return {name: value for name, value in values if value is not None}


def _require_valid(room: Room) -> None:
    """Raise InvalidRoom unless all values are as the table says."""
    _gather(room)
    problems: dict[str, str] = {}
    for field, value in zip(FIELDS, values_of(room), strict=True):
        if value is None and field.optional:
            continue
        if problem := field.kind.problem(value):
            problems[field.name] = problem
    if problems:
        raise InvalidRoom(problems)


def _degrees(value: float) -> float:
    """The degrees as a float, and zero where next to nothing is left of them."""
    return 0.0 if -TINY < value < TINY else float(value)
