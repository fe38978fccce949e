"""A room for rent, valid by construction."""

import re
from dataclasses import dataclass

MAX_INTEGER = 2**31 - 1
"""The largest price and size: both fit a signed 32-bit integer in every storage."""

TINY = 1e-15
"""Degrees that are less are taken for zero: not every storage can calculate with them, or keeps -0.0."""

CODE_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._~-]{0,35}"
"""What every code matches as a whole."""

_CODE = re.compile(CODE_PATTERN)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

RESERVED_CODES = frozenset({"clusters", "import", "summary"})
"""Words that stand where a code stands in a URL: a room of that name could not be reached."""

CODE_RULE = (
    "must be 1 to 36 letters, digits or . _ ~ -, starting with a letter or digit, "
    f"and none of {', '.join(sorted(RESERVED_CODES))}"
)


class InvalidRoom(ValueError):
    """Values that make no room; `problems` maps each wrong field to what is wrong with it."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {problem}" for field, problem in problems.items()))
        self.problems = problems


def canonical_code(code: str) -> str:
    """The form in which a code is stored: a UUID in lower case, any other code as it is.

    Raises ValueError where the text cannot be the code of a room.
    """
    if not _CODE.fullmatch(code) or code in RESERVED_CODES:
        raise ValueError(CODE_RULE)
    return code.lower() if len(code) == 36 and _UUID.fullmatch(code) else code


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room that is for rent.

    code: its name, unique among all rooms; see `canonical_code`.
    size: floor area in whole m², 1 to 2 147 483 647, or None when the listing does not state it.
    price: whole currency units per day, 0 to 2 147 483 647.
    latitude, longitude: WGS 84 degrees, north and east positive; less than 1e-15 is taken for zero.

    Raises InvalidRoom naming every wrong field.
    """

    code: str
    size: int | None
    price: int
    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        problems = (
            _problem_of_code(self.code),
            None if self.size is None else _problem_of_integer(self.size, 1),
            _problem_of_integer(self.price, 0),
            _problem_of_degrees(self.latitude, 90),
            _problem_of_degrees(self.longitude, 180),
        )
        if problems != _NO_PROBLEMS:
            fields = ("code", "size", "price", "latitude", "longitude")
            raise InvalidRoom({f: p for f, p in zip(fields, problems, strict=True) if p})
        if len(self.code) == 36:
            object.__setattr__(self, "code", canonical_code(self.code))
        if -TINY < self.latitude < TINY or type(self.latitude) is int:
            object.__setattr__(self, "latitude", _degrees(self.latitude))
        if -TINY < self.longitude < TINY or type(self.longitude) is int:
            object.__setattr__(self, "longitude", _degrees(self.longitude))


_NO_PROBLEMS = (None,) * 5


def _degrees(value: float) -> float:
    """The degrees as a float, and zero where next to nothing is left of them."""
    return 0.0 if -TINY < value < TINY else float(value)


def _problem_of_code(value: object) -> str | None:
    if isinstance(value, str) and _CODE.fullmatch(value) and value not in RESERVED_CODES:
        return None
    return CODE_RULE


def _problem_of_integer(value: object, lowest: int) -> str | None:
    if type(value) is not int:
        return "must be a whole number"
    return None if lowest <= value <= MAX_INTEGER else f"must be between {lowest} and {MAX_INTEGER:,}"


def _problem_of_degrees(value: object, limit: int) -> str | None:
    if type(value) is not float and type(value) is not int:
        return "must be a number of degrees"
    return None if -limit <= value <= limit else f"must be between -{limit} and {limit} degrees"
