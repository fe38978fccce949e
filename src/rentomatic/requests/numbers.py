"""Parses numbers by an explicit ASCII pattern and range: no `1_000`, ` 5 `, `²` or `nan`."""

import re

from rentomatic.domain.quoting import quoted
from rentomatic.domain.room import MAX_INTEGER

_INTEGER = re.compile(r"-?[0-9]{1,400}")
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")


def integer(text: str, lowest: int = -MAX_INTEGER - 1, highest: int = MAX_INTEGER) -> int:
    """Return a whole number in the range. Raises ValueError with a text for the user."""
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"must be a whole number such as 60, not {quoted(text)}")
    number = int(text)
    if not lowest <= number <= highest:
        raise ValueError(f"must be between {lowest:,} and {highest:,}, not {quoted(text)}")
    return number


def decimal(text: str, lowest: float, highest: float) -> float:
    """Return a number in the range, such as `-0.1278`. Raises ValueError with a text for the user."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"must be a number such as 0.1278, not {quoted(text)}")
    number = float(text)
    if not lowest <= number <= highest:
        raise ValueError(f"must be between {lowest:,.12g} and {highest:,.12g}, not {quoted(text)}")
    return number + 0.0


def listed(text: str) -> list[str]:
    """Split at commas, without spaces around a comma: `48.85, 2.35` as copied from a map.

    Spaces at the ends stay, so that a list of one is as strict as a single number.
    """
    *before, last = text.split(",")
    first, *rest = [*(part.rstrip(" ") for part in before), last]
    return [first, *(part.lstrip(" ") for part in rest)]
