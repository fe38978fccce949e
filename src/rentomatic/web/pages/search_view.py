"""What the search page shows: the filled-in form, removable filters, and rooms."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from rentomatic.domain.geography import Circle
from rentomatic.domain.quoting import noun
from rentomatic.domain.search import RoomQuery
from rentomatic.money import Money
from rentomatic.requests.search import WORDS, radius
from rentomatic.use_cases.loosen_search import RADII
from rentomatic.use_cases.search_rooms import FoundRooms
from rentomatic.web.pages.advice import Advice
from rentomatic.web.pages.labels import LARGEST, SMALLEST, label_of
from rentomatic.web.pages.layout import degrees, distance, number
from rentomatic.web.pages.narrower import Narrower
from rentomatic.web.pages.prices import HIGHEST, LOWEST, PriceChart
from rentomatic.web.pages.search_parameters import FORM, Given, query_string

SORTS = {
    "price": "Price, lowest first",
    "-price": "Price, highest first",
    "size": "Size, smallest first",
    "-size": "Size, largest first",
}
_RARE_SORTS = {"distance": "Nearest first", "code": "Code, ascending", "-code": "Code, descending"}
"""Sorts that are offered only if the search has them."""

_NO_FILTERS = ("sort", "limit", "cursor")


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter, and the search without it."""

    label: str
    link: str


@dataclass(slots=True)
class View:
    """What the templates show.

    money: how prices are shown.
    given: names and values of the search that the page knows.
    ignored: requested filters that do not exist.
    problems: the errors of each parameter.
    advice: what to loosen, after an empty result.
    is_too_costly: whether the search takes too long. narrower: what to search for instead.
    """

    money: Money
    given: Given = field(default_factory=list)
    ignored: Sequence[str] = ()
    problems: dict[str, str] = field(default_factory=dict)
    query: RoomQuery | None = None
    found: FoundRooms | None = None
    next_link: str | None = None
    prices: PriceChart | None = None
    advice: Sequence[Advice] = ()
    is_too_costly: bool = False
    narrower: Sequence[Narrower] = ()

    @property
    def values(self) -> dict[str, str]:
        """The text of each field of the form, as given or empty."""
        return dict.fromkeys(FORM, "") | {name: text for name, text in self.given if name in FORM}

    @property
    def others(self) -> Given:
        """Parameters without a field in the form that it must keep; invalid ones are dropped."""
        return [pair for pair in self.given if pair[0] not in (*FORM, "cursor", *self.problems)]

    @property
    def sorts(self) -> dict[str, str]:
        """Each offered sort, with its label."""
        given = self.values["sort"]
        usual = "Nearest first" if self.values["near"] else "By code"
        return {"": usual, **SORTS, **({given: _RARE_SORTS[given]} if given in _RARE_SORTS else {})}

    @property
    def radii(self) -> list[tuple[str, str]]:
        """Each offered radius, with its label."""
        offered = {f"{metres}": distance(metres) for metres in RADII}
        given = self.values["radius"]
        if given not in offered:
            with suppress(ValueError):  # none is given, or it is explained beside the field
                offered[given] = distance(radius(given))
        return list(offered.items())

    @property
    def number(self) -> str:
        """The number of matches in words; if unknown, only "rooms"."""
        total = self.found.total if self.found else None
        if total is None:
            return "Rooms"
        return f"{total.opening} {noun(total.rooms, 'room')}"

    @property
    def chips(self) -> list[Chip]:
        """Every active filter."""
        return list(self._chips())

    @property
    def first_link(self) -> str:
        return self.without("cursor")

    @property
    def json_link(self) -> str:
        return f"/rooms{self.without('cursor')}"

    @property
    def cleared_link(self) -> str:
        """The page without any filter, in the same order."""
        return self._off(*(name for name, _ in self.given if name not in _NO_FILTERS))

    @property
    def address(self) -> str:
        """The path and query of the page, without unknown parameters."""
        return "/" + self.without().removesuffix("?")

    def label(self, name: str) -> str:
        return label_of(name, self.money)

    def without(self, *names: str) -> str:
        """Return the query string of the search without some of its parameters."""
        return query_string([pair for pair in self.given if pair[0] not in names])

    def _chips(self) -> Iterator[Chip]:
        values = self.values
        if values[WORDS]:
            yield Chip(f"“{values[WORDS]}”", self._off(WORDS))
        for name, words in _PRICES.items():
            if values[name]:
                price = _written(values[name], self.money.amount)
                yield Chip(f"{words} {price} {self.money.per}", self._off(name))
        for name, words in _SIZES.items():
            if values[name]:
                yield Chip(words.format(_written(values[name], number)), self._off(name))
        if values["near"]:
            place = self._place(values["near"])
            circle = f"Within {self._radius(values['radius'])} of {place}"
            yield Chip(circle if values["radius"] else f"Near {place}", self._off("near", "radius"))
        for name, text in self.others:
            if name not in _NO_FILTERS:
                label = "In the map area" if name == "bbox" else f"{label_of(name, self.money)}: {text}"
                yield Chip(label, self._off(name))

    def _off(self, *names: str) -> str:
        # A search without a point cannot be sorted by distance.
        by_distance = "near" in names and self.values["sort"] == "distance"
        return self.without("cursor", *names, *(("sort",) if by_distance else ()))

    def _radius(self, text: str) -> str:
        circles = [area for area in self.query.areas if isinstance(area, Circle)] if self.query else []
        return distance(circles[0].radius) if circles else text

    def _place(self, text: str) -> str:
        near = self.query.near if self.query else None
        return f"{degrees(near.latitude)}, {degrees(near.longitude)}" if near else text


_PRICES = {LOWEST: "From", HIGHEST: "Up to"}
_SIZES = {SMALLEST: "{} m² or more", LARGEST: "{} m² or less"}


def _written(text: str, write: Callable[[int], str]) -> str:
    """Return the number for people; other text unchanged."""
    return write(int(text)) if text.isascii() and text.isdigit() and len(text) < 12 else text
