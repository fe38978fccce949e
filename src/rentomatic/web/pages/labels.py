"""What the search page calls its parameters, in the words of its form."""

from collections.abc import Iterable

from rentomatic.domain.fields import FIELD, FIELDS, WRITTEN_IF_STATED, Field, Operator
from rentomatic.money import Money
from rentomatic.requests.search import FILTERS, WORDS
from rentomatic.use_cases.errors import Problem
from rentomatic.web.pages.prices import HIGHEST, LOWEST

SMALLEST, LARGEST = "filter_size__gte", "filter_size__lte"

_LABELS = {
    WORDS: "Words",
    SMALLEST: "Size in m², from",
    LARGEST: "Size in m², to",
    "near": "Near",
    "radius": "Within",
    "sort": "Sort",
    "bbox": "Map area",
    "limit": "Rooms on a page",
    "cursor": "Page",
}
"""The label of each parameter, as in the form; other filters are named by their parts."""

_PRICES = {LOWEST: "from", HIGHEST: "to"}

_OPERATORS = {
    Operator.EQ: "",
    Operator.NE: ", other than",
    Operator.LT: ", below",
    Operator.LTE: ", at most",
    Operator.GT: ", above",
    Operator.GTE: ", at least",
    Operator.IN: ", one of",
    Operator.ALL: ", all of",
}

_OWN_WORDS = {"cursor": "this link does not belong to this search, or is incomplete"}
"""Terms of the page that replace terms of the API."""


def label_of(name: str, money: Money) -> str:
    """Return the page's name for a parameter."""
    if name in _LABELS:
        return _LABELS[name]
    if name in _PRICES:
        return f"Price {money.per}, {_PRICES[name]}"
    field_, operator = FILTERS[name]
    label = FIELD[field_].label if field_ in WRITTEN_IF_STATED else field_.capitalize()
    return f"{label}{_OPERATORS[operator]}"


def field_labels(money: Money) -> dict[str, str]:
    """Return what forms call each field."""
    return {str(field.name): field.label for field in FIELDS} | {Field.PRICE: money.label}


def in_words(problems: Iterable[Problem]) -> dict[str, str]:
    """Return the errors of each parameter, in the words of the page."""
    return {found.parameter: _OWN_WORDS.get(found.parameter, found.message) for found in problems}
