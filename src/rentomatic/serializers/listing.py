"""A listing in whichever notation it is."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import PurePath

from rentomatic.domain.room import Room
from rentomatic.serializers import csv, ndjson
from rentomatic.serializers.columns import Columns
from rentomatic.serializers.source import ListingError
from rentomatic.use_cases.import_rooms import Refusal

READERS: dict[str, Callable[[Iterable[str], Columns], Iterator[Room | Refusal]]] = {
    "csv": csv.read,
    "ndjson": ndjson.read,
}

_BLANK_LINES_BEFORE = 100


def read(
    lines: Iterable[str], columns: Columns, notation: str | None = None, name: str = ""
) -> Iterator[Room | Refusal]:
    """The rooms that the lines make.

    notation: one of `READERS`; else what the name of the file or its first line tells.
    Raises ListingError, also while the rooms are read, where the whole makes no listing.
    """
    lines, head = iter(lines), []
    for line in lines:
        head.append(line)
        if line.strip() or len(head) > _BLANK_LINES_BEFORE:
            break
    first = head[-1].lstrip() if head else ""
    if notation is None:
        named = PurePath(name.removesuffix(".gz")).suffix in (".ndjson", ".jsonl")
        notation = "ndjson" if named or first.startswith("{") else "csv"
    if notation == "csv" and first.startswith("["):
        raise ListingError("this is a JSON array: write one object a line (NDJSON) instead")
    if notation == "ndjson" and '"FeatureCollection"' in first[:1000]:
        raise ListingError("this is GeoJSON: write one object a line (NDJSON) or CSV instead")
    return READERS[notation](chain(head, lines), columns)
