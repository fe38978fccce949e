"""Helpers to read listings in the tests of the readers."""

import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rentomatic.domain.room import Room
from rentomatic.listings import csv, ndjson
from rentomatic.listings.amounts import Decimal
from rentomatic.listings.columns import Columns
from rentomatic.listings.source import open_listing
from rentomatic.use_cases.import_rooms import Refusal

HEADER = "code,size,price,latitude,longitude"

Read = list[Room | Refusal]


def lines_of(text: str) -> Iterator[str]:
    """Return the lines with their ends, like a file opened with newline=""."""
    return iter(io.StringIO(text, newline=""))


def read_csv(text: str, mapping: Mapping[str, str] | None = None, decimal: Decimal | None = None) -> Read:
    return list(csv.read(lines_of(text), Columns(mapping, decimal)))


def read_ndjson(text: str, mapping: Mapping[str, str] | None = None) -> Read:
    return list(ndjson.read(lines_of(text), Columns(mapping)))


def read_file(path: Path, encoding: str | None = None) -> Read:
    """Return the rooms and refusals of a CSV file on disk."""
    with open_listing(str(path), encoding) as source:
        return list(csv.read(source.lines, Columns()))


def only_refusal(read: Iterable[Room | Refusal]) -> Refusal:
    """Return the only refused line."""
    (refusal,) = (line for line in read if isinstance(line, Refusal))
    return refusal
