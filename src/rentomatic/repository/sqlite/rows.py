"""Rows of SQLite, which has no lists: several texts are stored as a JSON array."""

import json
import sqlite3

from rentomatic.domain.fields import NAMES, SEVERAL
from rentomatic.domain.room import Room
from rentomatic.domain.search import Condition
from rentomatic.repository.by_hand import Values, room_of_row
from rentomatic.repository.sql import COLUMNS, Sql, condition_sql

_FEATURES, _PHOTOS = (NAMES.index(name) for name in SEVERAL)

_AT_ONCE = 100
"""Texts that an expression looks for; SQLite refuses one of more than a thousand parts."""

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


def has_all_sql(condition: Condition) -> Sql:
    """Return the condition that a JSON array has all texts of a tuple.

    Without a backslash no text has a quotation mark in it, and a text is found with those around it, in a
    tenth of the time that it takes to call `has_all`.
    """
    column, wanted = COLUMNS[condition.field], condition.value
    call = condition_sql(condition)
    if not isinstance(wanted, tuple) or len(wanted) > _AT_ONCE:
        return call
    found = " AND ".join(f"instr({column}, ?)" for _ in wanted)
    return Sql(
        f"CASE WHEN instr({column}, '\\') THEN {call.text} ELSE {found} END",
        (*call.values, *map(_json, wanted)),
    )


def has_all(stored: str | None, wanted: str) -> bool:
    """The SQL function: whether a JSON array has all texts of another one."""
    present = None if stored is None else texts_of(stored)
    texts = {text for text in present if isinstance(text, str)} if isinstance(present, list) else set()
    return texts.issuperset(json.loads(wanted))
