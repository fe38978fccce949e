"""The unit of prices: their currency and their period."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor


class Per(StrEnum):
    """The period of a price."""

    DAY = "day"
    NIGHT = "night"
    WEEK = "week"
    MONTH = "month"

    @property
    def days(self) -> int:
        """Its length in days; a month counts 30 (the convention 30/360, 2006 ISDA Definitions, 4.16(f))."""
        return _DAYS[self]


_DAYS = {Per.DAY: 1, Per.NIGHT: 1, Per.WEEK: 7, Per.MONTH: 30}

_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP "
    "LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR "
    "PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP "
    "SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER "
    "ZAR ZMW ZWG"
)

CURRENCIES = frozenset(_CODES.split())
"""The ISO 4217 codes of legal tender, without those of funds, metals, tests and former currencies."""


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """The unit of all prices of rooms. currency: one of `CURRENCIES`, None if it is not configured."""

    currency: str | None = None
    per: Per = Per.DAY


PLAIN = PriceTerms()
"""The default."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """Converts prices from one period to another."""

    given: Per
    wanted: Per

    @property
    def changes(self) -> bool:
        """Whether it changes prices: a day and a night have the same length."""
        return self.given.days != self.wanted.days

    def converted(self, price: Fraction | int) -> int:
        """Return the price in whole units, with halves rounded up."""
        return floor(Fraction(price) * self.wanted.days / self.given.days + Fraction(1, 2))

    def __str__(self) -> str:
        factors = (("multiplied by", self.wanted.days), ("divided by", self.given.days))
        return " and ".join(f"{words} {days}" for words, days in factors if days > 1)
