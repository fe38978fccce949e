"""A summary of a set of rooms: count, ranges and a price histogram, exact or from a sample."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count as count_from

MAX_BUCKETS = 20


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and the highest of some values."""

    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """The number of rooms that cost at least `lowest` and less than `below`; None means no upper end."""

    lowest: int
    below: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of a set of rooms. A range is None if no room states the value.

    exact: if false, it is an estimate from a sample: numbers of rooms are approximate, and the true ranges
        may be wider.
    """

    count: int
    price: Range | None
    size: Range | None
    histogram: tuple[Bucket, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rooms. exact: if false, an estimate from a sample."""

    rooms: int
    exact: bool = True

    @property
    def rounded(self) -> int:
        """The number for people: only the first three digits of an estimate."""
        return self.rooms if self.exact else round(self.rooms, min(0, 3 - len(str(self.rooms))))

    def __str__(self) -> str:
        return f"{'' if self.exact else 'about '}{self.rounded:,}"

    @property
    def opening(self) -> str:
        """The same text, capitalised to begin a sentence."""
        return str(self).capitalize()


@dataclass(frozen=True, slots=True)
class Sample:
    """The matching rooms in a random sample.

    prices: the number of them at each price. size: the range of their sizes.
    share: the share of all rooms that was sampled, above 0 and at most 1.
    """

    prices: Mapping[int, int]
    size: Range | None
    share: float


def range_of(values: Iterable[int | None]) -> Range | None:
    """Return the range of the stated values, None if there are none."""
    stated = [value for value in values if value is not None]
    return Range(min(stated), max(stated)) if stated else None


def summary_of(prices: Mapping[int, int], size: Range | None) -> Summary:
    """Return the summary, given the number of rooms at each price and the range of their sizes."""
    return Summary(
        count=sum(prices.values()),
        price=range_of(prices),
        size=size,
        histogram=tuple(histogram(prices)),
    )


def estimate_of(sample: Sample) -> Summary:
    """Return the estimated summary of all matching rooms; it is exact if the sample holds all rooms.

    If a sample holds no match, there may still be some.
    """
    seen = summary_of(sample.prices, sample.size)
    buckets = tuple(replace(bucket, count=round(bucket.count / sample.share)) for bucket in seen.histogram)
    return replace(
        seen, count=sum(bucket.count for bucket in buckets), histogram=buckets, exact=sample.share == 1
    )


def histogram(prices: Mapping[int, int]) -> Iterator[Bucket]:
    """Yield at most 20 buckets of rooms by price, with round edges and the last one open.

    The width is the smallest of 1, 2, 5, 10, 20, 50 … for which the buckets reach the 95th percentile of
    prices, so that a few very expensive rooms do not flatten all the others.
    """
    if not prices:
        return
    ordered = sorted(prices)
    lowest, top = ordered[0], _percentile(prices, ordered, 95)
    width = next(w for w in _round_widths() if top // w - lowest // w < MAX_BUCKETS)
    first, last = lowest // width, top // width
    counts = [0] * (last - first + 1)
    for price, rooms in prices.items():
        counts[min(price // width, last) - first] += rooms
    for index, rooms in enumerate(counts, start=first):
        yield Bucket(index * width, (index + 1) * width if index < last else None, rooms)


def _round_widths() -> Iterator[int]:
    return (digit * 10**power for power in count_from() for digit in (1, 2, 5))


def _percentile(prices: Mapping[int, int], ordered: list[int], percent: int) -> int:
    """Return the lowest price p such that at least `percent` % of the rooms cost p or less."""
    wanted, seen = sum(prices.values()) * percent, 0
    for price in ordered:
        seen += prices[price] * 100
        if seen >= wanted:
            return price
    raise AssertionError("100 of 100 rooms do not exceed the highest price")
