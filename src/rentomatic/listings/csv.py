"""Reads CSV files of many kinds as rooms."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from rentomatic.domain.fields import TEXTS
from rentomatic.domain.quoting import counted
from rentomatic.domain.room import Room
from rentomatic.listings.columns import Columns
from rentomatic.listings.source import MAX_LINE, ListingError
from rentomatic.use_cases.import_rooms import Refusal

if TYPE_CHECKING:
    import _csv  # only there has the reader's type a name

DELIMITERS = ",;\t|"

MAX_RECORD = MAX_LINE
"""Characters of a record, whose quoted cells may contain line ends: it must not fill the memory."""

_EXCEL_DELIMITER = re.compile(rf"sep=([{DELIMITERS}])", re.IGNORECASE)


def read(lines: Iterable[str], columns: Columns) -> Iterator[Room | Refusal]:
    """Yield the rooms of the lines, of which the first that is not blank is the header.

    The separator is the one used in the header (comma, semicolon, tab or bar), or the one stated by a line
    such as `sep=;` before it, as Excel writes it. Raises ListingError if the file as a whole is not a
    listing.
    """
    lines, before, first = iter(lines), 0, ""
    for first in lines:
        if first.strip():
            break
        before += 1
    stated = _EXCEL_DELIMITER.fullmatch(first.strip())
    if stated:
        before, first = before + 1, next(lines, "")
    try:
        delimiter = stated[1] if stated else _most_common_delimiter(first)
        source = _Records(chain([first], lines))
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise ListingError(f"the header cannot be read: {error}") from error
    if not any(header):
        raise ListingError("the file is empty: a listing starts with a header")
    return _rooms(source, reader, before, delimiter, header, columns)


def _most_common_delimiter(header: str) -> str:
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def _rooms(
    source: "_Records",
    reader: "_csv.Reader",
    before: int,
    delimiter: str,
    header: list[str],
    columns: Columns,
) -> Iterator[Room | Refusal]:
    """Yield the rooms of the lines after the header; `before` lines preceded the reader."""
    names = columns.find(header)
    places = {field: header.index(name) for field, name in names.items()}
    texts = [field for field in names if field in TEXTS]
    while True:
        number = before + reader.line_num + 1  # of the line that is about to be read
        try:
            source.begin(number)
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _unreadable(number, before + reader.line_num, error)
            continue
        while len(row) > len(header) and not row[-1].strip():
            row.pop()  # spreadsheets pad lines with empty cells
        if not any(map(str.strip, row)):
            continue
        if len(row) == len(header):
            cells = {field: row[place] for field, place in places.items()}
            said = {field: columns.text(field, cells[field]) for field in texts}
            yield from columns.room(number, {**cells, **said}, names)
        else:
            reason = f"has {counted(len(row), 'column')}, but the header has {len(header)}"
            problem = "has more or fewer columns than the header"
            yield Refusal(number, "", delimiter.join(row)[:60], reason, problem=problem)


class _Records:
    """Gives a reader the lines of records, each of bounded length."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.begin(1)

    def begin(self, number: int) -> None:
        """Start a record at the line with that number."""
        self._first = number
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._length += len(line)
        if self._length > MAX_RECORD:
            raise ListingError(
                f"the record that starts in line {self._first:,} is longer than {MAX_RECORD:,} characters: "
                "is a closing quote missing?"
            )
        return line


def _unreadable(first: int, last: int, error: csv.Error) -> Refusal:
    """Describe a record that cannot be parsed: mostly a quote that is never closed."""
    through = f"; lines {first} to {last} were read as one record" if last > first else ""
    problem = f"cannot be read ({error}): is a closing quote missing?"
    return Refusal(first, "", "", f"{problem}{through}", problem=problem)
