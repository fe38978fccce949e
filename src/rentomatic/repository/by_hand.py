"""Rows and documents written by hand instead of by this program.

The constraints of a storage reject rows that are not valid rooms, but not every storage can check Unicode
form NFC, or which characters are visible. What it cannot check is corrected when a row is read, and the row
can still be replaced.
"""

from collections.abc import Sequence
from typing import Any

from rentomatic.domain.addresses import Address
from rentomatic.domain.fields import FIELDS
from rentomatic.domain.kinds import Kind
from rentomatic.domain.room import InvalidRoom, Room, room_of_values, stored_room
from rentomatic.domain.several import Several
from rentomatic.domain.texts import Line, Lines

Values = Sequence[Any]
"""The values of a room as stored, in the order of `FIELDS`."""


def room_of_row(values: Values) -> Room:
    """Return the room with these stored values, corrected if needed."""
    try:
        return stored_room(values)
    except InvalidRoom:
        pairs = zip(FIELDS, values, strict=True)
        return room_of_values([put_right(field.kind, value) for field, value in pairs])


def put_right(kind: Kind, value: Any) -> Any:
    """Return the value; a text is normalised, shortened if too long, and None if nothing of it is allowed."""
    if isinstance(kind, Several):
        value = kind.gathered(value)
    if value is None or kind.problem(value) is None:
        return value  # as almost all are
    match kind:
        case Line() | Lines() if isinstance(value, str):
            value = kind.tidied(kind.tidied(value)[: kind.longest])
            return value if kind.problem(value) is None else None
        case Address():
            return None
        case Several(each):
            given = _texts(kind, value) if isinstance(value, str) else value
            texts = [each.tidied(text) for text in given if isinstance(text, str)]
            return kind.gathered([text for text in texts if each.problem(text) is None][: kind.most])
    return value


def _texts(kind: Several, text: str) -> list[str]:
    try:
        return kind.of_text(text)
    except ValueError:
        return []
