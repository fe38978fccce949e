"""The kinds of values that the fields of a room have: what is allowed, and what is wrong with the rest.

`problem` of a kind tells what is wrong with a value, None where nothing is. It is called for every room
that is read, so it does no more than it must.
"""

import re
from dataclasses import dataclass
from typing import ClassVar
from unicodedata import is_normalized, normalize

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


# Control characters, what reorders or ends a line, and all spaces but the plain one.
_NOT_IN_LINE = r"\x00-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000"
_SPACES = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]|^ | $|  ")

# What leaves no mark: Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt, annotation marks
# and the empty braille pattern. Within a text some of it joins or parts letters: it is refused only alone.
_INVISIBLE = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

LINE_PATTERN = f"[^ {_NOT_IN_LINE}]+( [^ {_NOT_IN_LINE}]+)*"
"""What every text of one line matches as a whole; beside that, something of it can be seen."""

_WORDS = re.compile(LINE_PATTERN)
_LINE = re.compile(f"(?=[ {_INVISIBLE}]*[^ {_INVISIBLE}]){LINE_PATTERN}")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """A text of one line and at most `longest` characters.

    In Unicode's form NFC, without control characters and such as reorder text, with nothing but single plain
    spaces between words, and with a character that can be seen.
    """

    python_type: ClassVar[type[str]] = str

    longest: int

    def problem(self, value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a text"
        if not 1 <= len(value) <= self.longest:
            return f"must have 1 to {self.longest} characters"
        if not _LINE.fullmatch(value):
            return _no_line(value)
        if _LONE_SURROGATE.search(value):
            return "must be text that can be written in UTF-8"
        return None if is_normalized("NFC", value) else "must be in Unicode's form NFC"


def _no_line(text: str) -> str:
    """What is wrong with a text that is no line."""
    if _WORDS.fullmatch(text):
        return "must have a visible character"
    if re.search(f"[{_NOT_IN_LINE}]", _SPACES.sub("", text)):
        return "must be one line without control characters"
    return "must have single plain spaces, and none at its ends"


def composed(text: str) -> str:
    """Return the text in Unicode's form NFC: nobody sees in which form they typed or pasted it."""
    return normalize("NFC", text)


def tidied(text: str) -> str:
    """Return a text of one line as it should be written: in the form NFC, with single plain spaces only."""
    return " ".join(composed(text).split())


Kind = Code | Whole | Degrees | Line
