"""Which column of a listing is which field."""

from collections.abc import Mapping, Sequence

from rentomatic.domain.fields import FIELDS, Field
from rentomatic.domain.quoting import quoted, shortened
from rentomatic.domain.words import plain_name
from rentomatic.listings.prices import price_column
from rentomatic.listings.sizes import size_column
from rentomatic.listings.source import ListingError
from rentomatic.requests.listing import CURRENCY, MAPPED
from rentomatic.use_cases.import_rooms import Remedy

MAX_COLUMNS = 1000
"""The most columns of a listing, or members of an object: real listings have up to a hundred."""

LONGEST_NAME = 200
"""Characters. No usual name is nearly as long, and a megabyte takes long to compare."""

REQUIRED = tuple(str(field.name) for field in FIELDS if not field.optional)

_WITH_UNITS = {Field.PRICE: price_column, Field.SIZE: size_column}
"""How to find a column whose name also states a unit."""

_CURRENCY_COLUMNS = {"currency", "currencycode", "pricecurrency", "wahrung", "devise", "monnaie"} | {
    *("moneda", "divisa", "valuta", "moeda", "munteenheid")
}

OPTIONAL = tuple(str(field.name) for field in FIELDS if field.optional)


class Header:
    """The columns of a listing. Objects of NDJSON have members instead, each object its own.

    mapping: the column of each field whose column has no usual name; empty to load no column for a field.

    taken: by the name of every column, the field that it is taken as, or `CURRENCY`, or None if it is left
        out; at most `MAX_COLUMNS` members.
    unsaid: the optional fields that no line has a column for.
    """

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self.mapping = mapping
        self.taken: dict[str, str | None] = {}
        self.unsaid = set(OPTIONAL)

    def find(self, header: Sequence[str]) -> dict[str, str]:
        """Return the column of each field. Raises ListingError if one is missing or there are too many."""
        if len(header) > MAX_COLUMNS:
            raise ListingError(
                f"there are {len(header):,} columns: at most {MAX_COLUMNS:,} are allowed",
                problem=f"has more than {MAX_COLUMNS:,} members",
            )
        columns = self._mapped(header) | self._usual(header)
        found = {field: columns[field] for field in MAPPED if field in columns}
        missing = [field for field in REQUIRED if field not in found]
        if missing:
            *before, last = missing
            lacking = f"{', the '.join(before)} and the {last}" if before else last
            raise ListingError(
                f"no column for the {lacking}; the columns are {_listed(header)}",
                Remedy("map", (f"{missing[0]}=COLUMN",)),
                f"has no member for the {lacking}",
            )
        for field, column in found.items():
            if header.count(column) > 1:
                raise ListingError(f"{header.count(column)} columns are called {named(column)} ({field})")
        return found

    def _mapped(self, header: Sequence[str]) -> dict[str, str]:
        """Return the columns of the fields that are mapped to one. Raises ListingError if it is missing."""
        mapped = {field: column for field, column in self.mapping.items() if column}
        fields: dict[str, str] = {}
        for field, column in mapped.items():
            if other := fields.get(column):
                raise ListingError(f"the column {named(column)} cannot be both the {other} and the {field}")
            fields[column] = field
            if column not in header:
                raise ListingError(
                    f"there is no column {named(column)}, only {_listed(header)}",
                    problem=f"has no member {named(column)}",
                )
        return mapped

    def _usual(self, header: Sequence[str]) -> dict[str, str]:
        """Return the columns of the other fields, by their usual names."""
        mapped = self.mapping.values()
        names = [name for name in reversed(header) if len(name) <= LONGEST_NAME and name not in mapped]
        plain = {plain_name(name): name for name in names}
        found = {}
        for field in FIELDS:
            usual = next((plain[name] for name in field.columns if name in plain), None)
            if usual is None and field.name in _WITH_UNITS:
                usual = _WITH_UNITS[field.name](reversed(names))
            if usual is not None and field.name not in self.mapping:
                found[str(field.name)] = usual
        currency = next((name for plain, name in plain.items() if plain in _CURRENCY_COLUMNS), None)
        if currency is not None and CURRENCY not in self.mapping:
            found[CURRENCY] = currency
        return found

    def note(self, header: Sequence[str], found: Mapping[str, str]) -> None:
        """Remember as what the columns are taken. found: the column of each field."""
        fields = {column: field for field, column in found.items()}
        for column in header:
            name = shortened(column, LONGEST_NAME)
            if len(self.taken) < MAX_COLUMNS or name in self.taken:
                self.taken[name] = fields.get(column) or self.taken.get(name)
        self.unsaid -= found.keys()


def named(column: str) -> str:
    """Quote the name of a column, mostly in full, so that it can be typed."""
    return quoted(column, LONGEST_NAME)


def _listed(header: Sequence[str]) -> str:
    return ", ".join(map(named, header[:40]))
