"""Rows and documents written by hand instead of by this program.

The rules of a storage refuse rows that are not valid rooms, as far as it can check them: not every storage
knows Unicode's form NFC, or which characters can be seen. What it cannot check is put right when it is read,
and the row can still be replaced.
"""

from collections.abc import Sequence
from typing import Any

from rentomatic.domain.fields import FIELDS
from rentomatic.domain.kinds import Kind, Line, tidied
from rentomatic.domain.room import InvalidRoom, Room, room_of_values

Values = Sequence[Any]
"""The values of a room as a storage has them, in the order of `FIELDS`."""


def room_of_row(values: Values) -> Room:
    """Return the room of the values that a storage has."""
    try:
        return room_of_values(values)
    except InvalidRoom:
        pairs = zip(FIELDS, values, strict=True)
        return room_of_values([_put_right(field.kind, value) for field, value in pairs])


def _put_right(kind: Kind, value: Any) -> Any:
    """The value; a text composed, shortened where that makes it too long, and None where it is invisible."""
    if not (isinstance(kind, Line) and isinstance(value, str)):
        return value
    text = tidied(tidied(value)[: kind.longest])
    return text if kind.problem(text) is None else None
