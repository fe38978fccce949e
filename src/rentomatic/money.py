"""Amounts of money for people: `£60 per night`, `1.234 €`; just `60` without a configured currency.

Babel, which knows how each locale writes each currency (CLDR), is imported only with a currency.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache

from rentomatic.domain.prices import PLAIN, PriceTerms
from rentomatic.domain.quoting import quoted, without_hidden

DEFAULT_LOCALE = "en"

_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")

_CODE_BESIDE_NUMBER = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


def _plain(value: Fraction | int, digits: int) -> str:
    return f"{float(value):,.{digits}f}"


class Money:
    """How prices are shown: one object, created from the settings.

    per: the time that a price is for, as in `per night`. symbol: of the currency, empty without one.
    """

    def __init__(self, terms: PriceTerms = PLAIN, locale: str = DEFAULT_LOCALE) -> None:
        """locale: from `locale_tag`; ignored without a currency."""
        self.terms = terms
        self.locale = locale
        self.per = f"per {terms.per}"
        self.symbol, self._name, self._digits = "", "", 2
        self._written: Callable[[Fraction | int, int], str] = _plain
        if terms.currency:
            self._speak_of(terms.currency, locale)

    @property
    def label(self) -> str:
        """The label of a price in forms and tables: `Price per night (£)`."""
        return f"Price {self.per}" + (f" ({self.symbol})" if self.symbol else "")

    @property
    def about(self) -> str:
        """The unit of a price, for the API document."""
        return f"Whole currency units {self.per}{self._name}."

    def amount(self, value: Fraction | int) -> str:
        """Return the amount, with as many decimals as the currency has, or none if it is whole."""
        if isinstance(value, int):
            return self._written(value, 0)
        smallest = Fraction(1, 10**self._digits)
        if 0 < value < smallest:
            return f"below {self.amount(smallest)}"
        rounded = round(value, self._digits)
        return self._written(rounded, 0 if rounded.denominator == 1 else self._digits)

    def told(self, value: Fraction | int) -> str:
        """Return the amount with its period: `£60 per night`."""
        return f"{self.amount(value)} {self.per}"

    def _speak_of(self, currency: str, tag: str) -> None:
        from babel import Locale, numbers

        locale = Locale.parse(tag, sep="-")
        self.symbol = numbers.get_currency_symbol(currency, locale)
        self._name = f", in {currency} ({numbers.get_currency_name(currency, locale=DEFAULT_LOCALE)})"
        self._digits = numbers.get_currency_precision(currency)
        pattern = locale.currency_formats["standard"].pattern

        def written(value: Fraction | int, digits: int) -> str:
            form = re.sub(r"\.0+", "." + "0" * digits if digits else "", pattern)
            text = numbers.format_currency(
                f"{float(value):.{digits}f}", currency, form, locale, currency_digits=False
            )
            # CLDR separates letters from digits (currencySpacing), but Babel does not. Marks for
            # right-to-left text are removed: they would reorder the page, which runs from left to right.
            return _CODE_BESIDE_NUMBER.sub("\xa0", without_hidden(text))

        self._written = lru_cache(maxsize=4096)(written)  # it takes 40 µs, and prices repeat


NO_CURRENCY = Money()


def locale_tag(text: str) -> str:
    """Return the BCP 47 tag of a locale, such as `en-GB`. Raises ValueError if Babel does not know it."""
    if text == DEFAULT_LOCALE:
        return text
    from babel import Locale, UnknownLocaleError

    with suppress(ValueError, UnknownLocaleError):
        if _LOCALE.fullmatch(text):
            return str(Locale.parse(text.replace("-", "_"))).replace("_", "-")
    raise ValueError(f"must be a locale of CLDR, such as en, en-GB, de or fr-CH, not {quoted(text)}")
