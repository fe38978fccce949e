"""Reads listings in any format."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import PurePath

from rentomatic.domain.room import Room
from rentomatic.listings import csv, ndjson
from rentomatic.listings.columns import Columns
from rentomatic.listings.source import ListingError
from rentomatic.use_cases.import_rooms import Refusal

READERS: dict[str, Callable[[Iterable[str], Columns], Iterator[Room | Refusal]]] = {
    "csv": csv.read,
    "ndjson": ndjson.read,
}

MAX_LINES_WITHOUT_ROOM = 1_000_000
"""Blank or refused lines in a row after which a file is not a listing, and reading stops."""

MAX_REFUSED = 1_000_000
"""Refused lines in all after which a file with fewer rooms than these is given up."""

_BLANK_LINES_BEFORE = 100


def read(
    lines: Iterable[str], columns: Columns, format_: str | None = None, name: str = ""
) -> Iterator[Room | Refusal]:
    """Yield the rooms of the lines.

    format_: one of `READERS`; by default determined by the file's name or its first line.
    Raises ListingError, also while the rooms are read, if the whole is not a listing.
    """
    progress = _Progress()
    lines, head = progress.lines(lines), []
    for line in lines:
        head.append(line)
        if line.strip() or len(head) > _BLANK_LINES_BEFORE:
            break
    first = head[-1].lstrip() if head else ""
    if format_ is None:
        named = PurePath(name.removesuffix(".gz")).suffix in (".ndjson", ".jsonl")
        format_ = "ndjson" if named or first.startswith("{") else "csv"
    if format_ == "csv" and first.startswith("["):
        raise ListingError("this is a JSON array: write one object a line (NDJSON) instead")
    if format_ == "ndjson" and '"FeatureCollection"' in first[:1000]:
        raise ListingError("this is GeoJSON: write one object a line (NDJSON) or CSV instead")
    return progress.rooms(READERS[format_](chain(head, lines), columns))


class _Progress:
    """Follows the lines and their rooms, and gives up if no more rooms come."""

    def __init__(self) -> None:
        self._line = self._line_of_room = 0
        self._refusal: Refusal | None = None  # the first since the last room
        self._rooms = self._refused = self._line_refused = 0

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        for self._line, line in enumerate(lines, 1):
            if self._line - 1 - self._line_of_room > MAX_LINES_WITHOUT_ROOM:
                raise self._error()
            yield line

    def rooms(self, found: Iterator[Room | Refusal]) -> Iterator[Room | Refusal]:
        for item in found:
            if isinstance(item, Room):
                self._line_of_room, self._refusal = self._line, None
                self._rooms += 1
            elif item.line != self._line_refused:  # else it is one more reason
                self._refusal = self._refusal or item
                self._line_refused = item.line
                self._refused += 1
                if self._refused > max(MAX_REFUSED, self._rooms):
                    raise ListingError(
                        f"the file has more than {MAX_REFUSED:,} invalid lines, and fewer valid ones; "
                        f"the last: {item}",
                        item.remedy,
                    )
            yield item

    def _error(self) -> ListingError:
        after = f" after line {self._line_of_room:,}" if self._line_of_room else ""
        message = (
            f"the file has more than {MAX_LINES_WITHOUT_ROOM:,} lines in a row without a valid room{after}"
        )
        if self._refusal is None:
            return ListingError(f"{message}: they are blank")
        return ListingError(f"{message}, first {self._refusal}", self._refusal.remedy)
