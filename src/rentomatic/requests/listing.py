"""The parameters of an import over HTTP, from text to typed.

on_conflict=skip  dry_run=true  map=price=Preis  map=code=Nummer
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from rentomatic.domain.fields import FIELD, NAMES, Field
from rentomatic.domain.prices import Per
from rentomatic.domain.quoting import quoted
from rentomatic.requests.search import Parser, choice
from rentomatic.use_cases.ports import OnConflict

_SWITCH = {"false": False, "true": True}

ON_CONFLICT = {str(way): way for way in OnConflict}
DECIMALS = ("point", "comma")
PRICE_PER = {str(per): per for per in Per}
IMPORT_PARAMETERS: dict[str, Iterable[str]] = {
    "on_conflict": ON_CONFLICT,
    "atomic": _SWITCH,
    "dry_run": _SWITCH,
    "decimal": DECIMALS,
    "round": _SWITCH,
    "price_per": PRICE_PER,
}
"""The parameters that may be given once, and their values.

The first value is the default, except that `decimal` and `price_per` have none.
"""

CURRENCY = "currency"
"""What a mapping calls the column with the currencies of the prices, which is no field."""

MAPPED = (*NAMES, CURRENCY)
"""What a column can be mapped to."""

MAPPING = "map"
"""The parameter that names the column of a field, `map=price=Preis`; it may be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """How to load a listing.

    atomic: one refused line refuses all. dry_run: report changes without making them.
    mapping: the columns of fields without a usual column name.
    decimal: the character before a fraction, one of `DECIMALS`, if amounts are ambiguous.
    rounded: whether prices and sizes with a fraction are rounded, or refused.
    price_per: the period of the listing's prices, None for that of the rooms.
    """

    on_conflict: OnConflict
    atomic: bool
    dry_run: bool
    mapping: dict[str, str]
    decimal: str | None
    rounded: bool
    price_per: Per | None


def add_mapping(mapping: dict[str, str], text: str) -> None:
    """Add the column of a field, such as `price=Preis`. Raises ValueError with a text for the user."""
    field, equals, column = text.partition("=")
    if not equals:
        raise ValueError(f"must be FIELD=COLUMN such as price=Preis, not {quoted(text)}")
    if field not in MAPPED:
        close = difflib.get_close_matches(field[:60].lower(), MAPPED, n=1)
        advice = f"did you mean {close[0]}?" if close else f"the fields are {', '.join(MAPPED)}"
        raise ValueError(f"{quoted(field)} is not a field; {advice}")
    if field in mapping:
        raise ValueError(f"names the column of the {field} more than once")
    if not column and field != CURRENCY and not FIELD[Field(field)].optional:
        raise ValueError(f"names no column for the {field}, which every room has")
    mapping[field] = column


def parse_import(parameters: Iterable[tuple[str, str]]) -> ImportRequest:
    """Return the requested import. Raises ParametersError naming every bad parameter."""
    given = list(parameters)
    parser = Parser([pair for pair in given if pair[0] != MAPPING], tuple(IMPORT_PARAMETERS), filters=())
    mapping: dict[str, str] = {}
    for text in (text for name, text in given if name == MAPPING):
        try:
            add_mapping(mapping, text)
        except ValueError as error:
            parser.refuse(MAPPING, str(error))

    def switched(name: str) -> bool:
        return bool(parser.parse(name, lambda text: choice(text, _SWITCH)))

    request = ImportRequest(
        on_conflict=parser.parse("on_conflict", lambda text: choice(text, ON_CONFLICT)) or OnConflict.REPLACE,
        atomic=switched("atomic"),
        dry_run=switched("dry_run"),
        mapping=mapping,
        decimal=parser.parse("decimal", lambda text: choice(text, {mark: mark for mark in DECIMALS})),
        rounded=switched("round"),
        price_per=parser.parse("price_per", lambda text: choice(text, PRICE_PER)),
    )
    parser.refuse_problems()
    return request
