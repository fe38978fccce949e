"""Rooms as comma-separated values (RFC 4180): a column for each field, empty if unstated.

No cell can run as a formula in a spreadsheet: codes start with a letter or digit, numbers are numbers, and
texts are defused.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from rentomatic.domain.fields import FIELDS, NAMES, Description
from rentomatic.domain.geography import Point
from rentomatic.domain.kinds import Line
from rentomatic.domain.room import NOTHING_STATED, Room, rest_of, values_of
from rentomatic.domain.spreadsheet import defused
from rentomatic.serializers.batches import batches
from rentomatic.serializers.json import metres

MEDIA_TYPE = "text/csv"
HEADER = NAMES


def row_of(room: Room) -> Iterable[object]:
    """Return the cells of a room, in the order of the header."""
    values = values_of(room)
    return map(_cell, FIELDS, values) if rest_of(room) != NOTHING_STATED else values


def _cell(field: Description, value: Any) -> object:
    match field.kind:
        case Line() if value is not None:
            return defused(value)
        case _:
            return value


def write(rooms: Iterable[Room], near: Point | None = None) -> Iterator[bytes]:
    """Yield a header and a line for each room, in pieces; `near` adds the column `distance`."""
    yield _lines([HEADER if near is None else (*HEADER, "distance")])
    for batch in batches(rooms):
        rows = map(row_of, batch)
        if near is None:
            yield _lines(rows)
        else:
            yield _lines((*row, metres(near, room)) for row, room in zip(rows, batch, strict=True))


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
