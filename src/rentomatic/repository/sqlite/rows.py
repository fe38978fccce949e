"""Rows of SQLite, which has no lists: several texts are stored as a JSON array."""

import json
import sqlite3

from rentomatic.domain.fields import NAMES, SEVERAL
from rentomatic.domain.room import Room
from rentomatic.repository.by_hand import Values, room_of_row

_FEATURES, _PHOTOS = (NAMES.index(name) for name in SEVERAL)

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

sqlite3.register_adapter(tuple, _json)


def room_of(row: Values) -> Room:
    """Return the room of a row."""
    if row[_FEATURES] is None and row[_PHOTOS] is None:  # faster
        return room_of_row(row)
    values = [*row]
    for place in (_FEATURES, _PHOTOS):
        if values[place] is not None:
            values[place] = texts_of(values[place])
    return room_of_row(values)


def texts_of(stored: str) -> object:
    """Return the texts of a JSON array; anything else, written by hand, as it is."""
    try:
        return json.loads(stored)
    except (TypeError, ValueError, RecursionError):
        return stored


def has_all(stored: str | None, wanted: str) -> bool:
    """The SQL function: whether a JSON array has all texts of another one."""
    present = None if stored is None else texts_of(stored)
    return isinstance(present, list) and set(json.loads(wanted)).issubset(map(str, present))
