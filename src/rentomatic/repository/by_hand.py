"""Rows and documents written by hand instead of by this program.

The constraints of a storage reject rows that are not valid rooms, but not every storage can check Unicode
form NFC, or which characters are visible. What it cannot check is corrected when a row is read, and the row
can still be replaced.
"""

from collections.abc import Sequence
from typing import Any

from rentomatic.domain.fields import FIELDS
from rentomatic.domain.kinds import Kind, Line, tidied
from rentomatic.domain.room import InvalidRoom, Room, room_of_values

Values = Sequence[Any]
"""The values of a room as stored, in the order of `FIELDS`."""


def room_of_row(values: Values) -> Room:
    """Return the room with these stored values, corrected if needed."""
    try:
        return room_of_values(values)
    except InvalidRoom:
        pairs = zip(FIELDS, values, strict=True)
        return room_of_values([_put_right(field.kind, value) for field, value in pairs])


def _put_right(kind: Kind, value: Any) -> Any:
    """Return the value; a text is normalised, shortened if too long, and None if invisible."""
    if not (isinstance(kind, Line) and isinstance(value, str)):
        return value
    text = tidied(tidied(value)[: kind.longest])
    return text if kind.problem(text) is None else None
