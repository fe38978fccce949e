"""What the prices of rooms mean: the currency, and how long one of them is for."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor


class Per(StrEnum):
    """How long a price is for."""

    DAY = "day"
    NIGHT = "night"
    WEEK = "week"
    MONTH = "month"

    @property
    def days(self) -> int:
        """Its length. A month counts 30 days (the convention 30/360, 2006 ISDA Definitions, 4.16(f))."""
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
"""The codes of ISO 4217 that are legal tender: none of funds, metals, tests or currencies of the past."""


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What the prices of all rooms mean. currency: one of `CURRENCIES`, None if nobody has said which."""

    currency: str | None = None
    per: Per = Per.DAY


PLAIN = PriceTerms()
"""What prices mean unless somebody says more."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """Turns prices for one length of time into prices for another."""

    given: Per
    wanted: Per

    @property
    def changes(self) -> bool:
        """Whether it changes a price: a day and a night are the same length."""
        return self.given.days != self.wanted.days

    def converted(self, price: Fraction | int) -> int:
        """Return the price in whole units, a half rounded up."""
        return floor(Fraction(price) * self.wanted.days / self.given.days + Fraction(1, 2))

    def __str__(self) -> str:
        factors = (("multiplied by", self.wanted.days), ("divided by", self.given.days))
        return " and ".join(f"{words} {days}" for words, days in factors if days > 1)
