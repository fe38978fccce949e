"""Guesses what an unknown parameter of a search was meant to be."""

import difflib
from collections.abc import Iterable

from rentomatic.domain.fields import FIELD, NAMES
from rentomatic.domain.search import Field, Operator

_ALIASES = {
    **dict.fromkeys(("query", "search", "text", "words"), "q"),
    **dict.fromkeys(("offset", "page"), "cursor"),
}
"""What other services call a parameter."""

_ENDS = {
    "maximum": Operator.LTE,
    "max": Operator.LTE,
    "minimum": Operator.GTE,
    "min": Operator.GTE,
    **{f"_{operator}": operator for operator in Operator},
}
"""What the name of a condition ends or starts with, and its operator."""

_CLOSE = 0.8
"""The least similarity of a typing mistake; with less, `search` would be taken for `near`."""


def parameter_meant(name: str, known: Iterable[str]) -> str | None:
    """Return the one of the known parameters that is probably meant by a name in lower case."""
    known = (*known,)
    alias = _ALIASES.get(name)
    return alias if alias in known else _closest(name, known)


def condition_meant(name: str) -> tuple[str, str] | None:
    """Return the field and operator of the condition that is probably meant: of `max_price` price and lte.

    name: in lower case, without the prefix of filters. The operator may be none that the field takes.
    """
    name = name.strip("_")
    if name in NAMES:  # min_stay is no bound of a field
        return name, _usual_operator(name)
    for end, operator in _ENDS.items():
        rest = name.removesuffix(end).removeprefix(end)
        if rest != name and (field := _closest(rest.strip("_"), NAMES)):
            return field, operator
    start, _, given = name.partition("__")
    field = _closest(start, NAMES)
    return (field, given or _usual_operator(field)) if field else None


def _closest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, (*known,), n=1, cutoff=_CLOSE)), None)


def _usual_operator(field: str) -> str:
    """Return eq if the field takes it, else its first operator, if any."""
    operators = FIELD[Field(field)].operators
    return Operator.EQ if Operator.EQ in operators else next(iter(operators), "")
