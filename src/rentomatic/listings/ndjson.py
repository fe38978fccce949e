"""Reads newline-delimited JSON (https://github.com/ndjson/ndjson-spec) as rooms."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from rentomatic.domain.room import Room
from rentomatic.listings.columns import Columns
from rentomatic.listings.source import ListingError
from rentomatic.use_cases.import_rooms import Refusal

_KINDS_OF_LINES = 32
"""Most lines have the same members; the columns of this many kinds of lines are cached, in at most 32 MB."""


def read(lines: Iterable[str], columns: Columns) -> Iterator[Room | Refusal]:
    """Yield the rooms of the lines, ignoring members that say nothing about a room."""
    decode = msgspec.json.Decoder(dict[str, object]).decode
    find = lru_cache(maxsize=_KINDS_OF_LINES)(columns.find)
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            values = decode(line)
            names = find(tuple(values))
        except (msgspec.DecodeError, RecursionError) as error:
            problem = "is not a JSON object"
            yield Refusal(number, "", line.strip()[:60], f"{problem} ({error})", problem=problem)
        except ListingError as error:
            yield Refusal(number, "", line.strip()[:60], str(error), error.remedy, error.problem)
        else:
            yield from columns.room(number, {field: values[name] for field, name in names.items()}, names)
