"""The chart of prices behind the slider."""

from collections.abc import Mapping
from dataclasses import dataclass

from rentomatic.domain.summary import Bucket, Summary
from rentomatic.money import Money

LOWEST, HIGHEST = "filter_price__gte", "filter_price__lte"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bucket of the histogram. height: of the tallest, 0 to 1. chosen: whether it meets the filter."""

    bucket: Bucket
    height: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class PriceChart:
    """Bars, and the stops of a slider with two ends; the first and the last stop mean no limit.

    stops: the price at each, as many as bars. low, high: positions of the ends, 0 to the number of bars.
    """

    money: Money
    bars: tuple[Bar, ...]
    low: int
    high: int
    exact: bool

    @property
    def stops(self) -> list[int]:
        return [bar.bucket.lowest for bar in self.bars]

    @property
    def description(self) -> str:
        """Describe the chart for people who cannot see it."""
        most = max(self.bars, key=lambda bar: bar.bucket.count).bucket
        prices = self.money.amount(most.lowest)
        if most.below is None:
            prices += " or more"
        elif most.below - 1 > most.lowest:
            prices += f" to {self.money.amount(most.below - 1)}"
        return f"Most rooms cost {prices} {self.money.per}"


def chart_of(summary: Summary, values: Mapping[str, str], money: Money) -> PriceChart | None:
    """Return the chart of all prices, None without rooms. values: the fields of the form."""
    if not summary.histogram:
        return None
    buckets = summary.histogram
    lowest, highest = _price(values[LOWEST]), _price(values[HIGHEST])
    low = sum(1 for bucket in buckets[1:] if lowest is not None and bucket.lowest <= lowest)
    high = len(buckets) if highest is None else sum(1 for bucket in buckets if bucket.lowest < highest)
    top = max(bucket.count for bucket in buckets) or 1
    bars = tuple(
        Bar(bucket, bucket.count / top, chosen=low <= index < max(high, low + 1))
        for index, bucket in enumerate(buckets)
    )
    return PriceChart(money, bars, low, high, summary.exact)


def _price(text: str) -> int | None:
    return int(text) if text else None
