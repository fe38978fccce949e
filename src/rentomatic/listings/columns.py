"""Which column of a listing is which field, and rooms from the texts of a line."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rentomatic.domain.fields import FIELDS, LINES, WRITTEN_IF_STATED, Field
from rentomatic.domain.kinds import Code, Degrees, Kind, Line, Whole, composed, tidied
from rentomatic.domain.prices import PLAIN, Per, PriceTerms
from rentomatic.domain.quoting import quoted
from rentomatic.domain.room import InvalidRoom, Room
from rentomatic.domain.words import words_of
from rentomatic.listings.amounts import Decimal, UnclearAmount, degrees, whole_number, whole_size
from rentomatic.listings.prices import PriceReader
from rentomatic.listings.source import ListingError
from rentomatic.use_cases.import_rooms import Refusal, Remedy

MAX_COLUMNS = 1000
"""The most columns of a listing, or members of an object: real listings have up to a hundred."""

_LONGEST_NAME = 200
"""Characters. No usual name is nearly as long, and a megabyte takes long to compare."""

REQUIRED = tuple(str(field.name) for field in FIELDS if not field.optional)


_OPTIONAL = tuple(str(field.name) for field in FIELDS if field.optional)

_REMEDIES = {
    field: Remedy("map", (f"{field}=",), f"which also removes the {field} of each room that is replaced")
    for field in WRITTEN_IF_STATED
}
"""Fields that may be left out of a listing that would otherwise be refused."""


_NUMBERS = tuple(str(field.name) for field in FIELDS if isinstance(field.kind, Whole))

_READERS: dict[type[Kind], Callable[[str], object]] = {
    Code: str.strip,
    Degrees: degrees,
    Line: tidied,
}
"""How to read the text of a cell, by the kind of the value."""


class Columns:
    """How to read the lines of one kind of listing.

    mapping: the column of each field whose column has no usual name; empty to load no column for a field.
    decimal: the character before a fraction, where amounts alone do not make it certain.
    rounded: whether whole numbers, such as prices, are rounded where they have a fraction, or refused.
    terms: what the prices of rooms mean. per: the period of the listing's prices, by default that of `terms`.

    found: the column of each field, the last one where several kinds of lines have different columns.
    unsaid: the optional fields that no line has a column for.
    cleaned: by field, in how many lines the spacing within a text was put right.
    """

    def __init__(
        self,
        mapping: Mapping[str, str] | None = None,
        decimal: Decimal | None = None,
        rounded: bool = False,
        terms: PriceTerms = PLAIN,
        per: Per | None = None,
    ) -> None:
        self._mapping = dict(mapping or {})
        self.found: dict[str, str] = {}
        self.unsaid = set(_OPTIONAL)
        self.cleaned: Counter[str] = Counter()
        self.prices = PriceReader(terms, per, decimal, rounded)
        self._amounts: dict[str, Callable[[str], object]] = {
            **dict.fromkeys(_NUMBERS, lambda text: whole_number(text, decimal, rounded)),
            Field.SIZE: lambda text: whole_size(text, decimal, rounded),
            Field.PRICE: self.prices.read,
        }
        others = (field for field in FIELDS if field.name not in self._amounts)
        self._readers = {**{str(field.name): _READERS[type(field.kind)] for field in others}, **self._amounts}

    def find(self, header: Sequence[str]) -> dict[str, str]:
        """Return the column of each field. Raises ListingError if one is missing or there are too many."""
        if len(header) > MAX_COLUMNS:
            raise ListingError(f"there are {len(header):,} columns: at most {MAX_COLUMNS:,} are allowed")
        found: dict[str, str] = {}
        plain = {_plain(name): name for name in reversed(header) if len(name) <= _LONGEST_NAME}
        for field, names in ((str(field.name), field.columns) for field in FIELDS):
            if (column := self._mapping.get(field)) is not None:
                if column and column not in header:
                    raise ListingError(f"there is no column {_named(column)}, only {_listed(header)}")
                if column:
                    found[field] = column
            elif usual := next((plain[name] for name in names if name in plain), None):
                found[field] = usual
        missing = [field for field in REQUIRED if field not in found]
        if missing:
            raise ListingError(
                f"no column for the {' or the '.join(missing)}; the columns are {_listed(header)}",
                Remedy("map", (f"{missing[0]}=COLUMN",)),
            )
        for field, column in found.items():
            if header.count(column) > 1:
                raise ListingError(f"{header.count(column)} columns are called {_named(column)} ({field})")
        self._require_period(found[Field.PRICE])
        self.found |= found
        self.unsaid -= found.keys()
        return found

    def _require_period(self, column: str) -> None:
        """Refuse a column found by a usual name that states another period. Raises ListingError."""
        if Field.PRICE in self._mapping:
            return
        try:
            self.prices.require_column(column)
        except UnclearAmount as error:
            raise ListingError(f"the column {_named(column)} {error}", error.remedy) from error

    def room(self, line: int, values: Mapping[str, object], names: Mapping[str, str]) -> Room | Refusal:
        """Return the room of a line.

        values: each field's value in the line, text or a JSON value.
        names: the column of each field, for refusals.
        """
        read: dict[str, object] = dict.fromkeys(_OPTIONAL)
        for field, value in values.items():
            try:
                read[field] = self._read(field, value)
            except ValueError as error:
                remedy = error.remedy if isinstance(error, UnclearAmount) else _REMEDIES.get(field)
                return Refusal(line, names[field], _shown(value), str(error), remedy)
        try:
            return Room(**read)  # type: ignore[arg-type]  # Room checks the types itself
        except InvalidRoom as error:
            field, reason = next(iter(error.problems.items()))
            return Refusal(line, names[field], _shown(values[field]), reason, _REMEDIES.get(field))

    def _read(self, field: str, value: object) -> object:
        if isinstance(value, str):
            read = self._readers[field](value)
            if field not in LINES:
                return read
            if read != composed(value).strip():
                self.cleaned[field] += 1
            return read or None
        if field == Field.CODE and type(value) is int:
            return str(value)
        if field == Field.PRICE and type(value) is int:
            return self.prices.converted(value)
        if field in self._amounts and isinstance(value, float):
            return self._readers[field](format(value, "f"))
        return value


def _plain(name: str) -> str:
    """Return the name without case, accents, spaces and punctuation; m² becomes m2."""
    return "".join(words_of(name))


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:  # reading it needs a few levels less than writing it
        return "{…}" if isinstance(value, dict) else "[…]"


def _listed(header: Sequence[str]) -> str:
    return ", ".join(map(_named, header[:40]))


def _named(column: str) -> str:
    """Quote the name of a column, mostly in full, so that it can be typed."""
    return quoted(column, _LONGEST_NAME)
