"""Rooms to try the program with: made up, but alike to real ones, and the same on every machine."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import cos, exp, radians

from rentomatic.domain.room import Room

SAMPLE_SIZE = 3000


@dataclass(frozen=True, slots=True)
class Quarter:
    """A part of town: where it is, how far it spreads in km, its share of rooms, and its prices.

    price: what a room of 20 m² costs a day there.
    """

    latitude: float
    longitude: float
    spread: float
    share: int
    price: int


# Town centres in and around London with round, invented figures.
QUARTERS = (
    Quarter(51.5120, -0.1230, 1.2, 16, 96),
    Quarter(51.5390, -0.1430, 1.1, 12, 74),
    Quarter(51.5260, -0.0780, 1.0, 13, 78),
    Quarter(51.4975, -0.1750, 1.0, 10, 98),
    Quarter(51.5050, -0.2180, 1.1, 7, 72),
    Quarter(51.4620, -0.1150, 1.3, 9, 58),
    Quarter(51.4790, -0.0100, 1.4, 7, 54),
    Quarter(51.5420, -0.0030, 1.4, 8, 52),
    Quarter(51.5590, -0.1200, 1.5, 6, 55),
    Quarter(51.4120, -0.3010, 1.6, 4, 44),
    Quarter(51.3760, -0.0980, 1.8, 4, 38),
    Quarter(51.5580, 0.0700, 1.8, 4, 40),
    Quarter(51.7520, -0.3390, 2.0, 3, 42),
    Quarter(51.4460, 0.2170, 2.2, 2, 35),
    Quarter(51.5300, -0.1000, 14.0, 8, 45),
)

FIRST_ROOMS = (
    Room(
        code="f853578c-fc0f-4e65-81b8-566c5dffa35a",
        size=215,
        price=39,
        longitude=-0.09998975,
        latitude=51.75436293,
    ),
    Room(
        code="fe2c3195-aeff-487a-a08f-e0bdc0ec6e9a",
        size=405,
        price=66,
        longitude=0.18228006,
        latitude=51.74640997,
    ),
    Room(
        code="913694c6-435a-4366-ba0d-da5334a611b2",
        size=56,
        price=60,
        longitude=0.27891577,
        latitude=51.45994069,
    ),
    Room(
        code="eed76e77-55c1-41ce-985d-ca49bf6c0585",
        size=93,
        price=48,
        longitude=0.33894476,
        latitude=51.39916678,
    ),
)


def sample_rooms(count: int = SAMPLE_SIZE, seed: int = 1) -> Iterator[Room]:
    """So many rooms: the four well-known ones, then made-up ones in clusters around London.

    One in eight does not state its size; price grows with size and the quarter's level.
    """
    yield from FIRST_ROOMS[:count]
    yield from islice(_made_up(random.Random(seed)), max(0, count - len(FIRST_ROOMS)))  # noqa: S311 - no secret


def _made_up(chance: random.Random) -> Iterator[Room]:
    shares = [quarter.share for quarter in QUARTERS]
    while True:
        (quarter,) = chance.choices(QUARTERS, shares)
        north, east = chance.gauss(0, quarter.spread), chance.gauss(0, quarter.spread)
        size = max(6, round(20 * exp(chance.gauss(0, 0.45))))
        price = quarter.price * (0.5 + size / 40) * exp(chance.gauss(0, 0.18))
        code = uuid.UUID(int=chance.getrandbits(128), version=4)
        yield Room(
            code=str(code),
            size=None if chance.random() < 0.125 else size,
            price=max(12, round(price)),
            latitude=round(quarter.latitude + north / 111.2, 6),
            longitude=round(quarter.longitude + east / (111.2 * cos(radians(quarter.latitude))), 6),
        )
