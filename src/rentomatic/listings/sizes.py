"""Sizes as listings write them: `25`, `25 m²`, `270 sq ft`, in whole m²."""

import re
from collections.abc import Iterable
from fractions import Fraction
from math import floor

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.spreadsheet import is_placeholder
from rentomatic.domain.words import words_of
from rentomatic.listings.amounts import Decimal, exact, is_plain, whole

SQUARE_FOOT = Fraction(9290304, 10**8)
"""In m²: 0.3048 squared (NIST Special Publication 811, appendix B.8)."""

_METRES = re.compile(r"(m²|㎡|m2|m\^2|qm|sqm|sq\. ?m\.?|mq)$", re.IGNORECASE)
_FEET = re.compile(r"(sq\.? ?f(ee)?t\.?|square (feet|foot)|ft²|ft2|ft\^2)$", re.IGNORECASE)
_FEET_IN_NAME = re.compile(r"(in)?(sqft|sqfeet|squarefeet|squarefoot|squarefootage|ft2)$")


def is_in_feet(column: str) -> bool:
    """Whether the name of a column says square feet."""
    return _FEET_IN_NAME.search("".join(words_of(column))) is not None


def size_column(names: Iterable[str]) -> str | None:
    """Return the first name that is a usual one of sizes apart from square feet: `area_sqft`, `sq ft`."""
    usual = ("", *FIELD[Field.SIZE].columns)
    return next(
        (n for n in names if is_in_feet(n) and _FEET_IN_NAME.sub("", "".join(words_of(n))) in usual), None
    )


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
        number = _METRES.sub("", text).strip()
        if number == text:
            number = _FEET.sub("", text).strip()
            if self.in_feet or number != text:
                return self._from_feet(exact(number, self._decimal))
        return whole(exact(number, self._decimal), self._rounded)

    def _from_feet(self, area: Fraction | int) -> int:
        self.converted += 1
        return floor(area * SQUARE_FOOT + Fraction(1, 2))
