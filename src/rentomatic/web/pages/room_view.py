"""What the page of a room shows: its facts and its comparison, in words, as a table and as a chart."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from rentomatic.domain.comparison import Comparison, Standing, price_per_area
from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.domain.summary import Bucket, histogram
from rentomatic.money import Money
from rentomatic.use_cases.compare_room import RADIUS
from rentomatic.web.pages.layout import degrees, distance, number

ALTERNATIVES = 6

NOTICES = {"added": "The room was added.", "saved": "The room was saved."}
"""Messages about an action that led to this page."""

CHART_WIDTH, CHART_HEIGHT = 320, 120
"""In units of the picture, as in the template."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bucket of prices in the chart. own: whether the room itself is in it."""

    x: float
    y: float
    width: float
    height: float
    own: bool


@dataclass(frozen=True, slots=True)
class RoomView:
    """What the template shows.

    comparison: without neighbours and not complete if they could not be read in time.
    done: the action that led here, from the URL.
    """

    room: Room
    comparison: Comparison
    money: Money
    done: str = ""

    @property
    def title(self) -> str:
        return self.room.title or self.offer

    @property
    def offer(self) -> str:
        """The price and the size in words."""
        size = f", {number(self.room.size)} m²" if self.room.size else ""
        return f"Room for {self.money.told(self.room.price)}{size}"

    @property
    def description(self) -> str:
        verdict = f" {self.verdict}." if self.is_compared else ""
        title = f"{self.room.title}. " if self.room.title else ""
        return f"{title}{self.offer}, at {self.place}.{verdict}"

    @property
    def place(self) -> str:
        return f"{degrees(self.room.latitude)}, {degrees(self.room.longitude)}"

    @property
    def point(self) -> Point:
        return Point(self.room.latitude, self.room.longitude)

    @property
    def notice(self) -> str:
        return NOTICES.get(self.done, "")

    @property
    def price_per_area(self) -> str:
        return self._amount(price_per_area(self.room))

    @property
    def alternatives(self) -> tuple[Room, ...]:
        """The nearest other rooms."""
        return self.comparison.neighbours[:ALTERNATIVES]

    @property
    def is_compared(self) -> bool:
        """Whether the rooms nearby are known."""
        return self.comparison.complete or bool(self.comparison.neighbours)

    @property
    def around(self) -> str:
        """The search for rooms nearby, or if there are none for the nearest."""
        radius = f"&radius={RADIUS:.0f}" if self.comparison.neighbours else ""
        return f"/?near={self.room.latitude},{self.room.longitude}{radius}"

    @property
    def neighbourhood(self) -> str:
        """Which rooms this one is compared with."""
        count, radius = len(self.comparison.neighbours), distance(self.comparison.radius)
        if not self.comparison.complete:
            return f"the {number(count)} nearest other rooms, at most {radius} away"
        return f"the {number(count)} other rooms within {radius}"

    @property
    def verdict(self) -> str:
        """The comparison of prices in a few words."""
        price = self.comparison.price
        if price is None:
            return f"No other room within {distance(self.comparison.radius)}"
        if 2 * price.above > price.others:
            return "Cheaper than most nearby" if price.others > 1 else "Cheaper than the only room nearby"
        if 2 * price.below > price.others:
            return "Pricier than most nearby" if price.others > 1 else "Pricier than the only room nearby"
        return "Mid-priced among rooms nearby"

    @property
    def counted(self) -> str:
        """The comparison of prices in numbers."""
        price = self.comparison.price
        if price is None:
            return ""
        parts = (("less than", price.above), ("as much as", price.equal), ("more than", price.below))
        told = [(words, rooms) for words, rooms in parts if rooms]
        if price.others == 1:
            return f"It costs {told[0][0]} the only other room within {distance(self.comparison.radius)}."
        if len(told) == 1:
            return f"It costs {told[0][0]} all of {self.neighbourhood}."
        numbers = [f"{words} {number(rooms)}" for words, rooms in told]
        return f"It costs {', '.join(numbers[:-1])} and {numbers[-1]} of {self.neighbourhood}."

    @property
    def rows(self) -> Iterator[tuple[str, str, str]]:
        """The table of the comparison: a label, the price, the price per m²."""
        price, by_area = self.comparison.price, self.comparison.price_per_area
        yield "This room", self._amount(Fraction(self.room.price)), self.price_per_area
        for label, name in (("Lowest", "lowest"), ("Median", "median"), ("Highest", "highest")):
            yield label, self._amount(getattr(price, name, None)), self._amount(getattr(by_area, name, None))
        yield "Percentile", percentile(price), percentile(by_area)
        yield "Rooms compared", _others(price), _others(by_area)

    @property
    def buckets(self) -> list[Bucket]:
        """The number of rooms at each price, including this one."""
        rooms = (self.room, *self.comparison.neighbours)
        return list(histogram(Counter(room.price for room in rooms)))

    @property
    def bars(self) -> list[Bar]:
        """The buckets as drawn; none if one holds all prices."""
        buckets = self.buckets
        if len(buckets) < 2:
            return []
        width, top = CHART_WIDTH / len(buckets), max(bucket.count for bucket in buckets)
        return [
            Bar(
                x=index * width,
                y=CHART_HEIGHT * (1 - bucket.count / top),
                width=width,
                height=CHART_HEIGHT * bucket.count / top,
                own=self._is_in(bucket),
            )
            for index, bucket in enumerate(buckets)
        ]

    def _amount(self, value: Fraction | None) -> str:
        """Return the amount, a dash for none."""
        return "–" if value is None else self.money.amount(value)

    def _is_in(self, bucket: Bucket) -> bool:
        return bucket.lowest <= self.room.price and (bucket.below is None or self.room.price < bucket.below)


def percentile(standing: Standing | None) -> str:
    """Return the rank as a whole number from 0 to 100, a dash without a comparison."""
    rank = standing.percentile if standing else None
    return "–" if rank is None else str(round(rank))


def _others(standing: Standing | None) -> str:
    return number(standing.others) if standing else "0"
