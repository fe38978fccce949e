"""Amounts as people write them in listings: `1,200.00`, `1 200,00`, `1'200`, `25 m²`.

A lone separator before three digits (`1,200`) means thousands in one country and a fraction in another: it is
refused unless the reader's `decimal` settles it.
"""

import re
from enum import StrEnum
from fractions import Fraction
from math import floor

from rentomatic.domain.spreadsheet import is_placeholder
from rentomatic.use_cases.import_rooms import Remedy


class Decimal(StrEnum):
    """The character that starts a fraction."""

    POINT = "point"
    COMMA = "comma"


class UnclearAmount(ValueError):
    """An amount that an option of the import would make unambiguous."""

    def __init__(self, reason: str, remedy: Remedy) -> None:
        super().__init__(reason)
        self.remedy = remedy


_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))

GUESTS = re.compile(
    r"(guests?|persons?|people|pax|adults?|gäste|gast|personen|pers|personas?|personnes?|voyageurs?"
    r"|hu[ée]sped(es)?|persone|ospit[ei]|pessoas?|h[óo]spedes?|gasten)\.?$",
    re.IGNORECASE,
)
DAYS = re.compile(
    r"(nights?|days?|nacht|nächte|tage?|nuits?|jours?|noches?|d[íi]as?|nott[ei]|giorn[oi]|noites?|nachten"
    r"|dag(en)?)\.?$",
    re.IGNORECASE,
)
"""What follows numbers in English, German, French, Spanish, Italian, Portuguese and Dutch."""

_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<separator>[.,'’ ])[0-9]{3}((?P=separator)[0-9]{3})*")

_MAX_DIGITS = 100


def is_plain(text: str) -> bool:
    """Whether the text is only digits, and few enough to convert."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def exact(text: str, decimal: Decimal | None = None) -> Fraction | int:
    """Return the number in the text, which is not negative. Raises ValueError with the reason."""
    number = text.translate(_SPACES)
    if number.startswith("-"):
        raise ValueError("is not a number of 0 or more")
    units, fraction = _split(number, decimal)
    if not re.fullmatch(f"[0-9]{{1,{_MAX_DIGITS}}}", units) or not re.fullmatch("[0-9]*", fraction):
        raise ValueError("is not a number")
    if not fraction.strip("0"):
        return int(units)
    return Fraction(int(units + fraction), 10 ** len(fraction))


def whole(number: Fraction | int, rounded: bool = False) -> int:
    """Return the number in whole units, a half rounded up. Raises UnclearAmount unless rounding is wanted."""
    if number.denominator == 1:
        return int(number)
    if not rounded:
        raise UnclearAmount("is not a whole number", Remedy("round", ("true",)))
    return floor(number + Fraction(1, 2))


def whole_number(unit: re.Pattern[str], decimal: Decimal | None, rounded: bool, text: str) -> int | None:
    """Return the whole number in the text, None if it states none. Raises ValueError with the reason.

    unit: what may follow the number, such as `DAYS`.
    """
    if is_plain(text):
        return int(text)
    number = text.strip()
    if not number or is_placeholder(number):
        return None
    return whole(exact(unit.sub("", number).strip(), decimal), rounded)


def degrees(text: str) -> float:
    """Return degrees, with a point or a comma before the fraction. Raises ValueError with the reason."""
    number = text.strip().replace(",", ".")
    if not re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", number):
        raise ValueError("is not a number of degrees such as 51.5074")
    return float(number)


def _split(number: str, decimal: Decimal | None) -> tuple[str, str]:
    """Return the digits before and after the decimal separator, without thousands separators."""
    if decimal is not None:
        mark = "." if decimal is Decimal.POINT else ","
        whole, _, fraction = number.partition(mark)
        return _ungrouped(whole), fraction
    marks = [character for character in number if character in ".,"]
    if len(set(marks)) == 2:
        whole, _, fraction = number.rpartition(marks[-1])  # 1.200,00 and 1,200.00
        return _ungrouped(whole), fraction
    grouped = _GROUPED.fullmatch(number)
    if grouped and len(marks) == 1:
        raise UnclearAmount(
            "is ambiguous (thousands or a fraction)", Remedy("decimal", tuple(map(str, Decimal)))
        )
    if grouped:
        return _ungrouped(number), ""
    whole, _, fraction = number.replace(",", ".").partition(".")
    return _ungrouped(whole), fraction


def _ungrouped(number: str) -> str:
    return re.sub("[.,'’ ]", "", number) if _GROUPED.fullmatch(number) else number
