"""Values for requests: those of rooms, those that no room has, and places that are dense or empty."""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rentomatic.domain.clusters import MAX_ZOOM
from rentomatic.domain.fields import FIELD, NAMES, SEARCHED, Field
from rentomatic.domain.geography import MAX_RADIUS, Circle, Point
from rentomatic.domain.room import MAX_INTEGER, Room
from rentomatic.domain.search import MAX_LIMIT, SORTS
from rentomatic.domain.words import words_in
from rentomatic.requests.search import MAX_VALUES, MAX_WORDS, MAX_WORDS_TEXT, Format

_EDGES = {"latitude": 90.0}
_EDGE = 180.0
_SMALLEST_BOX = 1e-5
"""Degrees."""


@dataclass(frozen=True)
class Known:
    """What is known of the rooms: a random sample, and the first ones in each order."""

    rooms: Sequence[Room]

    @cached_property
    def values(self) -> dict[str, list[str | int | float]]:
        """The known values of each field, sorted and distinct; of lists, those of all of them."""
        return {name: sorted(set(self._said(name))) for name in NAMES}

    def _said(self, name: str) -> Iterator[str | int | float]:
        for room in self.rooms:
            value = getattr(room, name)
            if isinstance(value, tuple):
                yield from value
            elif value is not None:
                yield value


class Values:
    """Draws values of parameters at random."""

    def __init__(self, known: Known, chance: random.Random) -> None:
        self._known = known
        self._chance = chance
        self._makers: dict[str, Callable[[], str]] = {
            "q": self.words,
            "bbox": self.box,
            "near": self.point,
            "radius": self.radius,
            "sort": lambda: chance.choice(list(SORTS)),
            "limit": lambda: str(chance.choice((1, 2, 20, 100, MAX_LIMIT, chance.randint(1, MAX_LIMIT)))),
            "fields": lambda: ",".join(chance.sample(NAMES, chance.randint(1, len(NAMES)))),
            "count": lambda: chance.choice(("exact", "exact", "none")),
            "format": lambda: str(chance.choice(list(Format))),
            "zoom": lambda: str(chance.randint(0, MAX_ZOOM)),
        }

    def of(self, parameter: str) -> str:
        """Return a value for a parameter that is not a condition. Raises KeyError for an unknown one."""
        return self._makers[parameter]()

    def room(self) -> Room | None:
        """Return one of the known rooms, if there is any."""
        return self._chance.choice(self._known.rooms) if self._known.rooms else None

    def code(self) -> str:
        """Return the code of a room, or one that no room has."""
        return self.single(Field.CODE)

    def single(self, field: Field) -> str:
        """Return a value of a field."""
        return self._text(self._way(field)())

    def several(self, field: Field, number: int | None = None) -> str:
        """Return a list of values of a field, all of one kind."""
        if number is None:
            number = self._chance.choice((1, 2, 10, 100, MAX_VALUES, MAX_VALUES))
        draw, number = self._way(field), min(number, MAX_VALUES)
        values = dict.fromkeys(self._text(draw()) for _ in range(2 * number))  # some are drawn twice
        return ",".join(list(values)[:number])

    def point(self) -> str:
        latitude, longitude = self._place()
        return f"{self._text(latitude)},{self._text(longitude)}"

    def words(self) -> str:
        """Return words of rooms, whole or only begun, or one that no room has."""
        texts = [text for name in SEARCHED for text in self._known.values[name]]
        there = [*words_in(map(str, texts)), "nowhere"]
        drawn = self._chance.choices(there, k=self._chance.choice((1, 1, 2, 3, MAX_WORDS)))
        begun = (word[: self._chance.choice((1, 3, len(word)))] for word in drawn)
        return " ".join(begun)[:MAX_WORDS_TEXT].strip()

    def radius(self) -> str:
        return f"{self._chance.choice((0.0, MAX_RADIUS, *[self._logarithmic(1, MAX_RADIUS)] * 6)):.0f}"

    def box(self) -> str:
        """Return a box around a place: a square, a strip, the whole Earth, or across the antimeridian."""
        kind = self._chance.random()
        if kind < 0.1:
            return "-180,-90,180,90"
        if kind < 0.3:
            latitude, longitude = self._place()
            box = Circle(Point(latitude, longitude), self._logarithmic(100, MAX_RADIUS)).bounding_box()
            return ",".join(self._text(edge) for edge in (box.west, box.south, box.east, box.north))
        return ",".join(map(self._text, self._loose_box()))

    def _loose_box(self) -> tuple[float, float, float, float]:
        latitude, longitude = self._place()
        height, width = (self._logarithmic(_SMALLEST_BOX, 180) for _ in range(2))
        south, north = max(-90.0, latitude - height), min(90.0, latitude + height)
        west, east = longitude - width, longitude + width
        if self._chance.random() < 0.5:  # the whole width in degrees, else around the Earth
            return max(-180.0, west), south, min(180.0, east), north
        return west + 360 if west < -180 else west, south, east - 360 if east > 180 else east, north

    def _place(self) -> tuple[float, float]:
        """Return latitude and longitude: at or near rooms, anywhere, at a pole or the antimeridian."""
        kind, room = self._chance.random(), self.room()
        if kind < 0.4 and room:
            return room.latitude, room.longitude
        if kind < 0.6 and room:
            reach = self._logarithmic(0.01, 30)
            latitude = room.latitude + self._chance.uniform(-reach, reach)
            longitude = room.longitude + self._chance.uniform(-reach, reach)
            return max(-90.0, min(90.0, latitude)), max(-180.0, min(180.0, longitude))
        latitude, longitude = self._chance.uniform(-90, 90), self._chance.uniform(-180, 180)
        if kind < 0.8:
            return latitude, longitude
        if kind < 0.9:
            return self._chance.choice((-90.0, 90.0, -89.9999, 89.9999)), longitude
        return latitude, self._chance.choice((-180.0, 180.0, -179.9999, 179.9999))

    def _way(self, field: Field) -> Callable[[], str | int | float]:
        """Return a function that draws values of the field: existing, missing, or at a limit."""
        there = self._known.values[field] or [self._nobodys(field)]
        lowest, highest = there[0], there[-1]
        near_the_end = there[-max(1, len(there) // 20) :], there[: max(1, len(there) // 20)]
        ways: list[Callable[[], str | int | float]] = [
            lambda: self._chance.choice(there),
            lambda: self._chance.choice(there),
            lambda: self._chance.choice(self._chance.choice(near_the_end)),
            lambda: self._nobodys(field),
            lambda: self._nobodys(field),
        ]
        if FIELD[field].kind.python_type is int:
            ways.append(lambda: self._chance.randint(int(lowest), int(highest)))
            ways.append(lambda: self._chance.choice((0, -1, 1, MAX_INTEGER, -MAX_INTEGER - 1)))
        if FIELD[field].kind.python_type is float:
            edge, digits = _EDGES.get(field, _EDGE), self._chance.randint(0, 4)
            ways.append(lambda: round(self._chance.uniform(float(lowest), float(highest)), digits))
            ways.append(lambda: self._chance.choice((0.0, edge, -edge)))
        return self._chance.choice(ways)

    def _nobodys(self, field: Field) -> str | int | float:
        """Return a possible value that hardly any room has."""
        there = self._known.values[field]
        if FIELD[field].kind.python_type in (str, tuple):
            return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        if FIELD[field].kind.python_type is int:
            beyond = int(there[-1]) + 1 if there else 1
            return self._chance.randint(
                beyond, min(MAX_INTEGER, beyond + self._chance.choice((10**4, 10**6)))
            )
        edge = _EDGES.get(field, _EDGE)
        lowest, highest = (float(there[0]), float(there[-1])) if there else (-edge, edge)
        return round(self._chance.uniform(lowest, highest), 7)

    def _logarithmic(self, lowest: float, highest: float) -> float:
        """Return a number with a uniformly distributed logarithm."""
        return float(min(highest, lowest * (highest / lowest) ** self._chance.random()))

    def _text(self, value: str | int | float) -> str:
        if isinstance(value, float):
            return f"{value:.7f}".rstrip("0").rstrip(".")
        return str(value)
