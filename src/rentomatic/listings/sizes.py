"""Sizes as listings write them: `25`, `25 m²`, `270 sq ft`, in whole m²."""

import re
from collections.abc import Iterable
from fractions import Fraction
from math import floor

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.spreadsheet import is_placeholder
from rentomatic.domain.words import plain_name
from rentomatic.listings.amounts import Decimal, exact, is_plain, whole

SQUARE_FOOT = Fraction(9290304, 10**8)
"""In m²: 0.3048 squared (NIST Special Publication 811, appendix B.8)."""

# As `plain_name` gives them, in the seven languages in which columns are found.
_METRES = re.compile(
    "m2|mq|qm|sqm|(sq|square)(m|met(er|re)s?)|quadratmetern?|metrecarre|metrescarres"
    "|metros?(cuadrados?|quadrados?)|metr[oi]quadr(at)?[oi]|vierkantemeters?"
)
_FEET_WORDS = "(sq|square)(ft|feet|foot)|squarefootage|ft2"
_FEET = re.compile(f"{_FEET_WORDS}|sf")
_FEET_IN_NAME = re.compile(f"(in)?({_FEET_WORDS})$")

# What numbers consist of, also those that are refused.
_NUMBER = "-0123456789.,'’ \u00a0\u2009\u202f"


def is_in_feet(column: str) -> bool:
    """Whether the name of a column says square feet."""
    return _FEET_IN_NAME.search(plain_name(column)) is not None


def size_column(names: Iterable[str]) -> str | None:
    """Return the first name that is a usual one of sizes apart from square feet: `area_sqft`, `sq ft`."""
    usual = ("", *FIELD[Field.SIZE].columns)
    return next((n for n in names if is_in_feet(n) and _FEET_IN_NAME.sub("", plain_name(n)) in usual), None)


class SizeReader:
    """Reads the sizes of one listing.

    decimal: the character before a fraction, where amounts alone do not make it certain.
    rounded: whether sizes with a fraction are rounded, or refused; square feet are always rounded.

    in_feet: whether numbers alone are square feet. converted: the number of sizes in square feet.
    """

    def __init__(self, decimal: Decimal | None = None, rounded: bool = False) -> None:
        self.in_feet = False
        self.converted = 0
        self._decimal = decimal
        self._rounded = rounded

    def read(self, text: str) -> int | None:
        """Return the whole m² in the text, None if it states none. Raises ValueError with the reason."""
        if is_plain(text) and not self.in_feet:
            return int(text)
        text = text.strip()
        if not text or is_placeholder(text):
            return None
        unit = text.lstrip(_NUMBER)
        number = text.removesuffix(unit).strip()
        if _METRES.fullmatch(plain_name(unit)):
            return whole(exact(number, self._decimal), self._rounded)
        if _FEET.fullmatch(plain_name(unit)):
            return self._from_feet(exact(number, self._decimal))
        area = exact(text, self._decimal)
        return self._from_feet(area) if self.in_feet else whole(area, self._rounded)

    def _from_feet(self, area: Fraction | int) -> int:
        self.converted += 1
        return floor(area * SQUARE_FOOT + Fraction(1, 2))
