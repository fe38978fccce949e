"""The kinds of values that the fields of a room have: what is allowed, and what is wrong with the rest.

`problem` of a kind tells what is wrong with a value, None where nothing is. It is called for every room
that is read, so it does no more than it must.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from rentomatic.domain.addresses import Address
from rentomatic.domain.several import Several
from rentomatic.domain.texts import Line, Lines

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


def canonical_code(code: str) -> str:
    """Return the form in which a code is stored: a UUID in lower case, any other code as it is.

    Raises ValueError where the text cannot be the code of a room.
    """
    if not _CODE.fullmatch(code) or code in RESERVED_CODES:
        raise ValueError(CODE_RULE)
    return code.lower() if len(code) == 36 and _UUID.fullmatch(code) else code


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a room, see `canonical_code`."""

    python_type: ClassVar[type[str]] = str

    def problem(self, value: object) -> str | None:
        if isinstance(value, str) and _CODE.fullmatch(value) and value not in RESERVED_CODES:
            return None
        return CODE_RULE


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `lowest` to `highest`."""

    python_type: ClassVar[type[int]] = int

    lowest: int
    highest: int = MAX_INTEGER

    def problem(self, value: object) -> str | None:
        if type(value) is not int:
            return "must be a whole number"
        if self.lowest <= value <= self.highest:
            return None
        return f"must be between {self.lowest} and {self.highest:,}"


@dataclass(frozen=True, slots=True)
class Degrees:
    """Degrees from `-limit` to `limit`."""

    python_type: ClassVar[type[float]] = float

    limit: int

    def problem(self, value: object) -> str | None:
        if type(value) is not float and type(value) is not int:
            return "must be a number of degrees"
        if -self.limit <= value <= self.limit:
            return None
        return f"must be between -{self.limit} and {self.limit} degrees"


Kind = Code | Whole | Degrees | Line | Lines | Address | Several
