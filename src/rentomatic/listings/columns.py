"""Rooms from the texts of a listing's lines."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rentomatic.domain.fields import FIELDS, LINES, WRITTEN_IF_STATED, Field
from rentomatic.domain.kinds import Code, Degrees, Kind, Line, Whole, composed, tidied
from rentomatic.domain.prices import PLAIN, Per, PriceTerms
from rentomatic.domain.room import InvalidRoom, Room
from rentomatic.domain.spreadsheet import has_lost_digits
from rentomatic.listings.amounts import Decimal, UnclearAmount, degrees, whole_number, whole_size
from rentomatic.listings.header import OPTIONAL, Header, named
from rentomatic.listings.prices import PriceReader
from rentomatic.listings.source import ListingError
from rentomatic.requests.listing import ImportRequest
from rentomatic.use_cases.import_rooms import Refusal, Remedy

_REMEDIES = {
    field: Remedy("map", (f"{field}=",), f"which also removes the {field} of each room that is replaced")
    for field in WRITTEN_IF_STATED
}
"""Fields that may be left out of a listing that would otherwise be refused."""


_NUMBERS = tuple(str(field.name) for field in FIELDS if isinstance(field.kind, Whole))

_LOST_DIGITS = (
    "is in scientific notation: a spreadsheet has destroyed it; "
    "export the listing again, with this column as text"
)


def _code(text: str) -> str:
    """Return the code in the text, which may be any. Raises ValueError if it is only the rest of one."""
    code = text.strip()
    if has_lost_digits(code):
        raise ValueError(_LOST_DIGITS)
    return code


_READERS: dict[type[Kind], Callable[[str], object]] = {
    Code: _code,
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

    header: which column is which field.
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
        self.header = Header(mapping or {})
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
        found = self.header.find(header)
        self._require_period(found[Field.PRICE])
        self.header.note(header, found)
        return found

    def _require_period(self, column: str) -> None:
        """Refuse a column found by a usual name that states another period. Raises ListingError."""
        if Field.PRICE in self.header.mapping:
            return
        try:
            self.prices.require_column(column)
        except UnclearAmount as error:
            raise ListingError(f"the column {named(column)} {error}", error.remedy) from error

    def room(self, line: int, values: Mapping[str, object], names: Mapping[str, str]) -> Room | Refusal:
        """Return the room of a line.

        values: each field's value in the line, text or a JSON value.
        names: the column of each field, for refusals.
        """
        read: dict[str, object] = dict.fromkeys(OPTIONAL)
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
        if field == Field.CODE and isinstance(value, float) and has_lost_digits(str(value)):
            raise ValueError(_LOST_DIGITS)
        if field == Field.PRICE and type(value) is int:
            return self.prices.converted(value)
        if field in self._amounts and isinstance(value, float):
            return self._readers[field](format(value, "f"))
        return value


def columns_of(wanted: ImportRequest, terms: PriceTerms) -> Columns:
    """Return how to read the listing of an import. terms: what the prices of rooms mean."""
    decimal = Decimal(wanted.decimal) if wanted.decimal else None
    return Columns(wanted.mapping, decimal, wanted.rounded, terms, wanted.price_per)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:  # reading it needs a few levels less than writing it
        return "{…}" if isinstance(value, dict) else "[…]"
