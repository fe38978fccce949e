"""How a room's price compares with its neighbours', by day and by square metre."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from rentomatic.domain.room import Room


@dataclass(frozen=True, slots=True)
class Standing:
    """The rank of a value among others. All arithmetic is exact.

    own: the value; None if unknown.
    others: their number, at least one. below, equal: how many are less than `own`, and how many are equal.
    median: the middle one of the others in order, or the mean of the middle two (NIST/SEMATECH e-Handbook of
        Statistical Methods, 1.3.5.1).
    """

    own: Fraction | None
    others: int
    lowest: Fraction
    median: Fraction
    highest: Fraction
    below: int
    equal: int

    @property
    def above(self) -> int:
        """The number of others greater than `own`."""
        return self.others - self.below - self.equal

    @property
    def percentile(self) -> Fraction | None:
        """The percentile rank, 0 to 100: the share of others below, plus half the share of those equal.

        L. Crocker, J. Algina, "Introduction to Classical and Modern Test Theory" (1986), chapter 19.
        """
        if self.own is None:
            return None
        return Fraction(100 * (2 * self.below + self.equal), 2 * self.others)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A room compared with its neighbours.

    neighbours: nearest first, without the room itself.
    complete: whether they are all the rooms within the radius, in metres.
    price: for the period of all prices. price_per_area: the same per m², among those with a size. None
        without neighbours to compare.
    """

    neighbours: tuple[Room, ...]
    radius: float
    complete: bool
    price: Standing | None
    price_per_area: Standing | None


def compare(room: Room, neighbours: tuple[Room, ...], radius: float, complete: bool) -> Comparison:
    """Compare the room with others, which are at most `radius` metres away."""
    areas = (price_per_area(neighbour) for neighbour in neighbours)
    return Comparison(
        neighbours=neighbours,
        radius=radius,
        complete=complete,
        price=standing(room.price, [neighbour.price for neighbour in neighbours]),
        price_per_area=standing(price_per_area(room), [price for price in areas if price is not None]),
    )


def price_per_area(room: Room) -> Fraction | None:
    """Return the price of a square metre, for the period of all prices, None if the size is unstated."""
    return Fraction(room.price, room.size) if room.size is not None else None


def standing(own: Fraction | int | None, others: Iterable[Fraction | int]) -> Standing | None:
    """Return the rank of the value among the others, None without others."""
    ordered = sorted(others, key=_order)
    if not ordered:
        return None
    count, below, equal = len(ordered), 0, 0
    if own is not None:
        keys, key = list(map(_order, ordered)), _order(own)
        below = bisect_left(keys, key)
        equal = bisect_right(keys, key) - below
    return Standing(
        own=None if own is None else Fraction(own),
        others=count,
        lowest=Fraction(ordered[0]),
        median=Fraction(ordered[(count - 1) // 2] + ordered[count // 2]) / 2,
        highest=Fraction(ordered[-1]),
        below=below,
        equal=equal,
    )


def _order(value: Fraction | int) -> int:
    """Return an integer that compares like the value but takes a tenth of the time.

    Quotients of prices and sizes below 2**31 are equal or differ by more than 2**-62.
    """
    return (value.numerator << 64) // value.denominator
