"""Rooms from the texts of a listing's lines."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rentomatic.domain.addresses import Address
from rentomatic.domain.fields import FIELDS, NAMES, SEVERAL, TEXTS, Field
from rentomatic.domain.kinds import Code, Degrees, Kind, Whole
from rentomatic.domain.prices import PLAIN, Per, PriceTerms
from rentomatic.domain.room import InvalidRoom, Room
from rentomatic.domain.several import Several
from rentomatic.domain.spreadsheet import has_lost_digits, is_placeholder, restored
from rentomatic.domain.texts import Line, Lines, composed
from rentomatic.listings.amounts import DAYS, GUESTS, Decimal, UnclearAmount, degrees, whole_number
from rentomatic.listings.codes import Codes
from rentomatic.listings.header import OPTIONAL, Header, named
from rentomatic.listings.prices import PriceReader
from rentomatic.listings.sizes import SizeReader, is_in_feet
from rentomatic.listings.source import ListingError
from rentomatic.requests.listing import CURRENCY, ImportRequest
from rentomatic.use_cases.import_rooms import Refusal, Remedy

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


_CLEANED = frozenset(str(field.name) for field in FIELDS if isinstance(field.kind, Line | Lines))
"""The fields whose spacing is put right."""


def _reader(kind: Kind) -> Callable[[str], object]:
    """Return how to read the text of a cell."""
    match kind:
        case Line() | Lines() | Address():
            return kind.tidied
        case Several():
            return kind.of_text
        case Degrees():
            return degrees
        case Code() | Whole():
            return _code


_UNSEPARATED = {
    name: str.maketrans(dict.fromkeys(kind.each.without, " "))
    for name, kind in SEVERAL.items()
    if isinstance(kind.each, Line)
}
"""By field of several lines: what must not be in them, such as commas, becomes spaces."""

_UNITS = {Field.GUESTS: GUESTS, Field.MIN_STAY: DAYS}
"""What may follow a number in the cell of a field."""

_DIGIT = re.compile(r"\d")


class Columns:
    """How to read the lines of one kind of listing.

    mapping: the column of each field whose column has no usual name; empty to load no column for a field.
    decimal: the character before a fraction, where amounts alone do not make it certain.
    rounded: whether whole numbers, such as prices, are rounded where they have a fraction, or refused.
    terms: what the prices of rooms mean. per: the period of the listing's prices, by default that of `terms`.

    header: which column is which field.
    cleaned: by field, in how many lines the spacing within a text was put right.
    separators: by field, in how many lines an entry of a list had commas or the like, which were removed.
    placeholders: by field, in how many lines a placeholder such as `N/A` stood for nothing.
    codes: those that were read, none of which may come again.
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
        self.separators: Counter[str] = Counter()
        self.placeholders: Counter[str] = Counter()
        self.codes = Codes()
        self.prices = PriceReader(terms, per, decimal, rounded)
        self.sizes = SizeReader(decimal, rounded)
        self._in_feet: set[str] = set()
        self._amounts: dict[str, Callable[[str], object]] = {
            **{field: partial(whole_number, unit, decimal, rounded) for field, unit in _UNITS.items()},
            Field.PRICE: self.prices.read,
            Field.SIZE: self.sizes.read,
        }
        others = (field for field in FIELDS if field.name not in self._amounts)
        self._readers = {**{str(field.name): _reader(field.kind) for field in others}, **self._amounts}

    def find(self, header: Sequence[str]) -> dict[str, str]:
        """Return the column of each field. Raises ListingError if one is missing or there are too many."""
        found = self.header.find(header)
        try:
            self.prices.require_column(found[Field.PRICE], Field.PRICE in self.header.mapping)
        except ValueError as error:
            remedy = error.remedy if isinstance(error, UnclearAmount) else None
            raise ListingError(f"the column {named(found[Field.PRICE])} {error}", remedy) from error
        self._in_feet |= {column for column in found.values() if is_in_feet(column)}
        self.header.note(header, found)
        return found

    def room(self, line: int, values: Mapping[str, object], names: Mapping[str, str]) -> list[Room | Refusal]:
        """Return the room of a line alone, or else a refusal for each wrong value of the line.

        values: each field's value in the line, text or a JSON value.
        names: the column of each field, for refusals.
        """
        read: dict[str, object] = dict.fromkeys(NAMES)
        wrong: dict[str, ValueError] = {}
        self.sizes.in_feet = names.get(Field.SIZE) in self._in_feet
        for field, value in values.items():
            try:
                read[field] = self._read(field, value)
            except ValueError as error:
                wrong[field] = error
        read.pop(CURRENCY, None)
        try:
            room = Room(**read)  # type: ignore[arg-type]  # Room checks the types itself
        except InvalidRoom as error:
            wrong = {field: ValueError(reason) for field, reason in error.problems.items()} | wrong
        if wrong:
            return [
                self._refused(line, field, names[field], value, wrong[field])
                for field, value in values.items()
                if field in wrong
            ]
        first = self.codes.first_line(room.code, line)
        if first == line:
            return [room]
        reason, problem = f"is on line {first} already", "is on an earlier line already"
        return [Refusal(line, names[Field.CODE], room.code, reason, problem=problem)]

    def _refused(self, line: int, field: str, column: str, value: object, error: ValueError) -> Refusal:
        """Return the refusal of a line for the value of a field."""
        reason, remedy = str(error), error.remedy if isinstance(error, UnclearAmount) else None
        if remedy is None and field in OPTIONAL:
            if isinstance(value, str) and self._is_other(field, value):
                remedy = Remedy("map", (f"{field}=",), "if the column says something else")
            else:
                reason += "; correct it or leave it empty"
        return Refusal(line, column, _shown(value), reason, remedy)

    def _is_other(self, field: str, text: str) -> bool:
        """Whether a column taken for numbers by its name alone has words, as `area` may have districts."""
        return field in self._amounts and field not in self.header.mapping and not _DIGIT.search(text)

    def text(self, field: str, cell: str) -> str | None:
        """Return the text that a cell of a CSV file states for a field of texts; None for a placeholder."""
        if not is_placeholder(cell):
            return restored(cell)
        self.placeholders[field] += 1
        return None

    def _read(self, field: str, value: object) -> object:
        """Return what a text or a JSON value means for the field. Raises ValueError with the reason."""
        if field == CURRENCY:
            self.prices.require_currency(value)
            return None
        if isinstance(value, str):
            return self._of_text(field, value)
        if isinstance(value, list) and field in SEVERAL:
            return self._of_list(field, value)
        if isinstance(value, float) and field == Field.CODE and has_lost_digits(str(value)):
            raise ValueError(_LOST_DIGITS)
        if isinstance(value, float) and field in self._amounts:
            return self._readers[field](format(value, "f"))
        return self._of_int(field, value) if type(value) is int else value

    def _of_text(self, field: str, text: str) -> object:
        read = self._readers[field](text)
        if isinstance(read, list):
            return self._of_list(field, read)
        if field not in TEXTS:
            if read is None and text.strip():
                self.placeholders[field] += 1
            return read
        if field in _CLEANED and read != composed(text).strip():
            self.cleaned[field] += 1
        return read or None

    def _of_list(self, field: str, texts: list[object]) -> object:
        """Return the entries of a list; the room refuses what is neither a text nor null."""
        each, table = SEVERAL[field].each, _UNSEPARATED.get(field, {})
        cleared = [text.translate(table) if isinstance(text, str) else text for text in texts]
        self.separators[field] += cleared != texts
        entries = [each.tidied(text) if isinstance(text, str) else text for text in cleared]
        return [entry for entry in entries if entry not in (None, "")]

    def _of_int(self, field: str, number: int) -> object:
        match field:
            case Field.CODE:
                return str(number)
            case Field.PRICE:
                return self.prices.converted(number)
            case Field.SIZE if self.sizes.in_feet:
                return self.sizes.read(str(number))
        return number


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
