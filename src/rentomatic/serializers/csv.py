"""Rooms as comma-separated values (RFC 4180): a column for each field, empty if unstated.

No cell can run as a formula in a spreadsheet: codes start with a letter or digit, numbers are numbers, and
texts are defused.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rentomatic.domain.fields import FIELDS, MEMBERS, NAMES, Description
from rentomatic.domain.geography import Point
from rentomatic.domain.room import NOTHING_STATED, Room, rest_of, values_of
from rentomatic.domain.several import Several
from rentomatic.domain.spreadsheet import defused
from rentomatic.serializers.batches import batches
from rentomatic.serializers.json import Members, metres

MEDIA_TYPE = "text/csv"
HEADER = NAMES


def row_of(room: Room) -> Sequence[object]:
    """Return the cells of a room, in the order of the header."""
    values = values_of(room)
    return [*map(_cell, FIELDS, values)] if rest_of(room) != NOTHING_STATED else values


def _cell(field: Description, value: Any) -> object:
    if isinstance(value, tuple) and isinstance(field.kind, Several):
        value = field.kind.as_text(value)
    return defused(value) if isinstance(value, str) else value


def write(rooms: Iterable[Room], near: Point | None = None, members: Members = MEMBERS) -> Iterator[bytes]:
    """Yield a header and a line for each room, in pieces; `near` adds the column `distance`.

    members: the columns, in the order of `MEMBERS`.
    """
    header = HEADER if near is None else MEMBERS
    chosen = [place for place, name in enumerate(header) if name in members]
    yield _lines([[header[place] for place in chosen]])
    for batch in batches(rooms):
        rows: Iterable[Sequence[object]] = map(row_of, batch)
        if near is not None:
            rows = ((*row, metres(near, room)) for row, room in zip(rows, batch, strict=True))
        yield _lines(rows if members is MEMBERS else ([row[place] for place in chosen] for row in rows))


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
