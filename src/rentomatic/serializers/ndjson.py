"""Rooms as newline-delimited JSON, one object per line.

Format: https://github.com/ndjson/ndjson-spec
"""

from collections.abc import Iterable, Iterator

import msgspec

from rentomatic.domain.fields import MEMBERS
from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.serializers.batches import batches
from rentomatic.serializers.json import Members, documents

MEDIA_TYPE = "application/x-ndjson"

_encode_lines = msgspec.json.Encoder().encode_lines


def write(rooms: Iterable[Room], near: Point | None = None, members: Members = MEMBERS) -> Iterator[bytes]:
    """Yield the lines in pieces; `near` adds a distance to each room. members: as for `json.document`."""
    for batch in batches(rooms):
        yield _encode_lines(documents(batch, near, members))
