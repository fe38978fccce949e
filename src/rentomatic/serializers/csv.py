"""Rooms as comma-separated values (RFC 4180).

No cell can run as a formula in a spreadsheet: a code starts with a letter or digit, and all else
is a number.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.serializers.batches import batches
from rentomatic.serializers.json import metres

MEDIA_TYPE = "text/csv"
HEADER = ("code", "size", "price", "latitude", "longitude")


def write(rooms: Iterable[Room], near: Point | None = None) -> Iterator[bytes]:
    """A header and a line a room, in pieces; `near` adds the column `distance`."""
    yield _lines([HEADER if near is None else (*HEADER, "distance")])
    for batch in batches(rooms):
        rows = ((room.code, room.size, room.price, room.latitude, room.longitude) for room in batch)
        if near is None:
            yield _lines(rows)
        else:
            yield _lines((*row, metres(near, room)) for row, room in zip(rows, batch, strict=True))


def _lines(rows: Iterable[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
