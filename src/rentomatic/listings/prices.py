"""Prices as listings write them: `$1,200.00`, `EUR 85`, `85 kr.`, `$4,000/mo`.

The currency and the period are read, and refused if they are not those of the other prices.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from unicodedata import category

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.prices import CURRENCIES, Conversion, Per, PriceTerms
from rentomatic.domain.words import words_of
from rentomatic.listings.amounts import Decimal, UnclearAmount, exact, is_plain, whole
from rentomatic.use_cases.import_rooms import Remedy

_DOLLARS = "AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD USD XCD"
_PESOS = "ARS CLP COP CUP DOP MXN UYU"

_SIGNS = {
    "$": f"{_DOLLARS} {_PESOS}",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD NIO",
    "CA$": "CAD",
    "HK$": "HKD",
    "MX$": "MXN",
    "NT$": "TWD",
    "NZ$": "NZD",
    "R$": "BRL",
    "S$": "SGD",
    "US$": "USD",
    "£": "EGP FKP GBP GIP LBP SDG SHP SSP SYP",
    "¥": "CNY JPY",
    "￥": "CNY JPY",
    "kr": "DKK ISK NOK SEK",
    "kr.": "DKK ISK NOK SEK",
    "lei": "MDL RON",
    "Fr.": "CHF",
    "Ft": "HUF",
    "Kč": "CZK",
    "zł": "PLN",
    "€": "EUR",
    "₡": "CRC",
    "₦": "NGN",
    "₩": "KPW KRW",
    "₪": "ILS",
    "₫": "VND",
    "₱": "PHP",
    "₲": "PYG",
    "₴": "UAH",
    "₵": "GHS",
    "₸": "KZT",
    "₹": "INR",
    "₺": "TRY",
    "₽": "RUB",
    "₾": "GEL",
    "฿": "THB",
}
"""The currencies that a sign may stand for."""

_PAST = ("BGN", "HRK")
"""Currencies of recent years: files still say them."""

_CODES = frozenset({*CURRENCIES, *_PAST})

# Codes, and not any three capitals: `600 PCM` is a price per month.
_FITTING = {sign: frozenset(codes.split()) for sign, codes in _SIGNS.items()} | {
    code: frozenset({code}) for code in _CODES
}
_SYMBOLS = [sign for sign in _SIGNS if any(category(character) == "Sc" for character in sign)]
_EVERY = frozenset().union(*_FITTING.values())
_SIGN = "|".join(map(re.escape, sorted(_FITTING, key=len, reverse=True)))
_BEFORE = re.compile(_SIGN)
_AFTER = re.compile(f"(?:{_SIGN})$")

_POINT_FRACTION_SIGNS = ("$", "US$", "£", "¥", "￥", "₹", "USD", "GBP")
"""Signs of currencies with which a lone comma groups thousands: $1,200. ($1.200 may be pesos.)"""

_LONE_COMMA = re.compile("[1-9][0-9]{0,2},[0-9]{3}")

_DIGIT = re.compile("[0-9]")
_NO_FRACTION = re.compile(r"[.,][-–—]+$")  # 85,- in German, 85.- in Switzerland

_PERIODS = {
    Per.DAY: "day daily d tag jour día dia giorno dag",
    Per.NIGHT: "night nightly nt nacht nuit noche notte noite",
    Per.WEEK: "week weekly wk w pw p.w woche semaine semana settimana",
    Per.MONTH: "month monthly mo mth pcm p.c.m monat mois mes mese mês maand",
}
"""What is written for a period in English, German, French, Spanish, Italian, Portuguese and Dutch."""

_ALONE = "daily nightly weekly monthly pw p.w pcm p.c.m"
"""Those that need neither a slash nor a word such as "per"."""

_PER = {word: per for per, words in _PERIODS.items() for word in words.split()}

_IN_NAMES = {word: per for word, per in _PER.items() if len(word) > 2}
"""The periods that names of columns contain, such as `Preis pro Nacht`; shorter words are parts of others."""


_NO_LETTER = r"(?<![^\W\d_])"  # in front: £600pcm


def _any_of(words: str) -> str:
    return "|".join(map(re.escape, words.split()))


_PERIOD = re.compile(
    rf"(?:(?:/|{_NO_LETTER}(?:per|pro|par|por|à la|al|alla|a|je|p)\b)\s*({_any_of(' '.join(_PER))})"
    rf"|{_NO_LETTER}({_any_of(_ALONE)}))\.?$",
    re.IGNORECASE,
)

_PERIOD_IN_NAME = re.compile(
    rf"\b(?:(?:per|pro|par|por|al|alla|a|je|p) )?(?:{'|'.join('.'.join(words_of(w)) for w in _IN_NAMES)})\b"
)
_SIGN_IN_NAME = re.compile("|".join(map(re.escape, sorted(_SYMBOLS, key=len, reverse=True))))

_LONGEST = 200
"""Characters. No price is nearly as long, and one of a megabyte takes long to search."""


class PriceReader:
    """Reads the prices of one listing, which are all in one currency and for one period.

    terms: what the prices of rooms mean. per: the period of the listing's prices, by default that of `terms`.
    decimal: the character before a fraction, where amounts alone do not make it certain.
    rounded: whether a price with a fraction is rounded, or refused.
    """

    def __init__(
        self,
        terms: PriceTerms,
        per: Per | None = None,
        decimal: Decimal | None = None,
        rounded: bool = False,
    ) -> None:
        self.conversion = Conversion(per or terms.per, terms.per)
        self._is_asked = per is not None
        self._decimal = decimal
        self._rounded = rounded
        self._possible = frozenset({terms.currency}) if terms.currency else _EVERY
        self._why = f"prices are in {terms.currency}"

    def require_column(self, name: str, is_mapped: bool = False) -> None:
        """Refuse a column such as `price_per_night` for prices per month, or `price_usd` for pounds.

        is_mapped: whether somebody said that it is the price: then its name says nothing about the period,
        as where the period was asked for. Raises ValueError with the reason, UnclearAmount for a period.
        """
        if sign := _split_name(name)[1]:
            self._require_currency(sign)
        if is_mapped:
            return
        per = next((per for word, per in _IN_NAMES.items() if word in name.lower()), None)
        if per and not self._is_asked:
            self._require_period(per)

    def read(self, text: str) -> int:
        """Return the whole currency units that the text states. Raises ValueError with the reason."""
        if is_plain(text):
            return self.converted(int(text))
        text = text.strip()
        if not text:
            raise ValueError("is empty")
        if len(text) > _LONGEST:
            raise ValueError("is not a number")
        number, per = _split_period(text)
        number, sign = _split_sign(number)
        if per and _DIGIT.search(number):
            self._require_period(per)
        if sign and _DIGIT.search(number):
            self._require_currency(sign)
        return self.converted(exact(number, self._decimal or _decimal_of(sign, number)))

    def converted(self, price: Fraction | int) -> int:
        """Return a price of the listing as one of a room, in whole units. Raises UnclearAmount."""
        if self.conversion.changes:
            return self.conversion.converted(price)
        return whole(price, self._rounded)

    def require_currency(self, value: object) -> None:
        """Refuse a cell of a column with the currencies of the prices, unless it says theirs or nothing.

        Raises ValueError with the reason.
        """
        text = value.strip() if isinstance(value, str) else value
        if text is None or text == "":
            return
        sign = next((sign for sign in (text, str(text).upper()) if sign in _FITTING), None)
        if sign is None:
            raise ValueError("is not a currency, such as EUR or €")
        self._require_currency(str(sign))

    def _require_period(self, per: Per) -> None:
        """Refuse a period of another length than that of the listing's prices."""
        due = self.conversion.given
        if per.days != due.days:
            reason = f"is a price per {per}, not per {due}"
            if self._is_asked:
                raise ValueError(reason)
            caution = "which then holds for every price in the file"
            raise UnclearAmount(reason, Remedy("price_per", (str(per),), caution))

    def _require_currency(self, sign: str) -> None:
        """Refuse a currency that is not that of the rooms, or of the prices before: `$` may be any dollar."""
        possible = self._possible & _FITTING[sign]
        if not possible:
            raise ValueError(f"is in {sign}, but {self._why}")
        if possible != self._possible:
            self._possible, self._why = possible, f"a price before it is in {sign}"


def _split_period(text: str) -> tuple[str, Per | None]:
    """Return the price and its period, None if it states none."""
    found = None if _ends_in_digit(text) else _PERIOD.search(text)
    return (text[: found.start()].rstrip(), _PER[(found[1] or found[2]).lower()]) if found else (text, None)


def _split_sign(text: str) -> tuple[str, str]:
    """Return the number and the sign or code of its currency, empty if there is none."""
    found = _BEFORE.match(text) or (None if _ends_in_digit(text) else _AFTER.search(text))
    number = text[: found.start()] + text[found.end() :] if found else text
    return _NO_FRACTION.sub("", number.strip()), found[0] if found else ""


def price_column(names: Iterable[str]) -> str | None:
    """Return the first name that is a usual one of prices apart from a currency and a period: `price_usd`."""
    return next((name for name in names if _split_name(name)[0] in FIELD[Field.PRICE].columns), None)


def _split_name(name: str) -> tuple[str, str]:
    """Return the plain name of a column without currency and period, and the sign of the currency."""
    sign = found[0] if (found := _SIGN_IN_NAME.search(name)) else ""
    words = _PERIOD_IN_NAME.sub("", " ".join(words_of(name.replace(sign, " ") if sign else name))).split()
    for end in (-1, 0):
        if not sign and len(words) > 1 and words[end].upper() in _CODES:
            sign = words.pop(end).upper()
    if sign and words and words[-1] in ("in", "en"):
        words.pop()
    return "".join(words), sign


def _ends_in_digit(text: str) -> bool:
    """Whether the text can end in neither a period nor a sign, which take longest to look for there."""
    return text[-1:].isdigit()


def _decimal_of(sign: str, number: str) -> Decimal | None:
    return Decimal.POINT if sign in _POINT_FRACTION_SIGNS and _LONE_COMMA.fullmatch(number) else None
