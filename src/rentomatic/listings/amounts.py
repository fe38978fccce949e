"""Amounts as people write them in listings: `$1,200.00`, `1 200,00 €`, `CHF 1'200`, `25 m²`.

A lone separator before three digits (`1,200`) says thousands in one country and a fraction in
another: unless the currency sign or the reader's own `decimal` settles it, it is refused.
"""

import re
from enum import StrEnum

from rentomatic.use_cases.import_rooms import Remedy


class Decimal(StrEnum):
    """The character that starts a fraction."""

    POINT = "point"
    COMMA = "comma"


class UnclearAmount(ValueError):
    """An amount that an option of the import would settle."""

    def __init__(self, reason: str, remedy: Remedy) -> None:
        super().__init__(reason)
        self.remedy = remedy


_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))
_CURRENCIES = (
    "AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|GEL|HKD|HUF|IDR|ILS|INR|ISK|JPY|KES|KRW|MAD|"
    "MXN|MYR|NGN|NOK|NZD|PEN|PHP|PLN|RON|RSD|RUB|SAR|SEK|SGD|THB|TND|TRY|TWD|UAH|USD|UYU|VND|ZAR"
)
"""Codes of ISO 4217. Not any three capitals: `600 PCM` is a price a month."""

_SIGN = re.compile(r"(US|A|C|HK|NZ|R|S)?\$|[€£¥₹₺₽₩₪₫฿]|(" + _CURRENCIES + r")|kr\.?|zł|Kč|Ft|lei")
_NO_FRACTION = re.compile(r"[.,][-–—]+$")  # 85,- in German, 85.- in Switzerland
_AREA_UNIT = re.compile(r"(m²|m2|m\^2|qm|sqm|sq\. ?m\.?|mq)$", re.IGNORECASE)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<separator>[.,'’ ])[0-9]{3}((?P=separator)[0-9]{3})*")
_POINT_FRACTION_SIGNS = ("$", "US$", "£", "¥", "₹", "USD", "GBP")
"""Signs of currencies with which a comma groups thousands: $1,200. ($1.200 may be pesos.)"""

_MAX_DIGITS = 100

_UNSTATED = frozenset({"", "-", "na", "n/a", "nan", "null", "none"})


def whole_price(text: str, decimal: Decimal | None = None, rounded: bool = False) -> int:
    """The whole currency units that the text states, a half rounded up. Raises ValueError with the reason."""
    if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    number = text.strip()
    sign = _SIGN.match(number)
    if sign:
        number = number[sign.end() :]
    else:
        sign = next((s for s in _SIGN.finditer(number) if s.end() == len(number)), None)
        number = number[: sign.start()] if sign else number
    number = _NO_FRACTION.sub("", number.strip())
    if decimal is None and sign and sign.group() in _POINT_FRACTION_SIGNS and "," in number:
        decimal = Decimal.POINT
    return _whole(number, decimal, rounded)


def whole_size(text: str, decimal: Decimal | None = None, rounded: bool = False) -> int | None:
    """The whole m² that the text states, None where it states none. Raises ValueError with the reason."""
    if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    number = text.strip()
    if number.lower() in _UNSTATED:
        return None
    return _whole(_AREA_UNIT.sub("", number).strip(), decimal, rounded)


def degrees(text: str) -> float:
    """Degrees with a point or a comma before the fraction. Raises ValueError with the reason."""
    number = text.strip().replace(",", ".")
    if not re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", number):
        raise ValueError("is not a number of degrees such as 51.5074")
    return float(number)


def _whole(text: str, decimal: Decimal | None, rounded: bool) -> int:
    number = text.translate(_SPACES)
    if number.startswith("-"):
        raise ValueError("is not a number of 0 or more")
    whole, fraction = _split(number, decimal)
    if not re.fullmatch(f"[0-9]{{1,{_MAX_DIGITS}}}", whole) or not re.fullmatch("[0-9]*", fraction):
        raise ValueError("is not a number")
    if fraction.strip("0") and rounded:
        return int(whole) + (fraction[0] >= "5")
    if fraction.strip("0"):
        raise UnclearAmount("is not a whole number", Remedy("round", ("true",)))
    return int(whole)


def _split(number: str, decimal: Decimal | None) -> tuple[str, str]:
    """The digits before and after the decimal separator, without thousands separators."""
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
