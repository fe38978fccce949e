"""Rows and documents that somebody wrote by hand, past this program.

The rules of a storage refuse rows that are not valid rooms, but some storages cannot check that a text is in
Unicode's form NFC. Such a text is read as if it were, and its row can still be replaced.
"""

from collections.abc import Sequence
from typing import Any
from unicodedata import normalize

from rentomatic.domain.room import InvalidRoom, Room, room_of_values


def room_of_row(values: Sequence[Any]) -> Room:
    """Return the room of the values that a storage has, in the order of `FIELDS`."""
    try:
        return room_of_values(values)
    except InvalidRoom:
        return room_of_values([_composed(value) for value in values])


def forms_of(text: str) -> tuple[str, str]:
    """Return the forms in which a storage may have the text: composed, and decomposed."""
    return text, normalize("NFD", text)


def _composed(value: Any) -> Any:
    return normalize("NFC", value) if isinstance(value, str) else value
