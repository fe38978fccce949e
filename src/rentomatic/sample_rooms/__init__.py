"""Rooms to try the program with: made up, but like real ones, and the same on every machine."""

import random
import uuid
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from math import cos, exp, radians
from typing import TypeVar

from rentomatic.domain.room import Room
from rentomatic.sample_rooms.london import KILOMETRES, QUARTERS, Neighbourhood, Surroundings
from rentomatic.sample_rooms.words import ADJECTIVES, KINDS, MIN_STAYS, varieties

__all__ = ["FIRST_ROOMS", "QUARTERS", "SAMPLE_SIZE", "sample_rooms"]

SAMPLE_SIZE = 3000

T = TypeVar("T")

_WALK = 25
"""Minutes that people walk; farther away they take a bus."""

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
    """Yield this many rooms: the four of the tutorial, then made-up ones in clusters around London.

    One in eight does not state its size; price grows with size and depends on the kind and the part of town.
    """
    yield from FIRST_ROOMS[:count]
    yield from islice(_made_up(seed), max(0, count - len(FIRST_ROOMS)))


def _made_up(seed: int) -> Iterator[Room]:
    # Two sources, so that rooms keep their codes and places when there is more to say of them.
    chance, taste = random.Random(seed), random.Random(seed)  # noqa: S311 - no secret
    shares = [*accumulate(quarter.share for quarter in QUARTERS)]
    quarters = [(quarter, Surroundings(quarter)) for quarter in QUARTERS]
    kinds = [given for kind in KINDS for given in [(kind, varieties(kind, taste))] * kind.share]
    while True:
        ((quarter, names),) = chance.choices(quarters, cum_weights=shares)
        north, east = chance.gauss(0, quarter.spread), chance.gauss(0, quarter.spread)
        latitude = quarter.latitude + north / KILOMETRES
        longitude = quarter.longitude + east / (KILOMETRES * cos(radians(quarter.latitude)))
        kind, offered = _one_of(kinds, taste)
        size = max(6, round(kind.size * exp(kind.spread * chance.gauss(0, 1))))
        price = quarter.price * kind.level * (0.5 + size / 40) * exp(chance.gauss(0, 0.18))
        code = uuid.UUID(int=chance.getrandbits(128), version=4)
        variety = _one_of(offered, taste)
        noun, guests = kind.noun(size)
        near, distance = names.nearest(latitude, longitude)
        yield Room(
            code=str(code),
            size=None if chance.random() < 0.125 else size,
            price=max(12, round(price)),
            latitude=round(latitude, 6),
            longitude=round(longitude, 6),
            title=f"{_one_of(ADJECTIVES, taste)} {noun}{variety.phrase}{_where(near, distance, taste)}",
            kind=kind.name,
            neighbourhood=near.name if near else None,
            guests=guests,
            min_stay=_one_of(MIN_STAYS, taste),
            features=variety.features,
            description=variety.about + _way(near, distance),
            photos=variety.photos,
        )


def _one_of(choices: Sequence[T], taste: random.Random) -> T:
    return choices[int(taste.random() * len(choices))]  # three times as fast as random.choice


def _where(near: Neighbourhood | None, distance: float, taste: random.Random) -> str:
    """Return the end of a title. distance: to the landmark, in km."""
    if near is None:
        return ""
    way, minutes = int(taste.random() * 3), _on_foot(distance)
    if way == 0 or (way == 1 and minutes > _WALK):
        return f" near {near.landmark}"
    return f", {minutes} minutes from {near.landmark}" if way == 1 else f" in {near.name}"


def _way(near: Neighbourhood | None, distance: float) -> str:
    """Return the last sentence of a description. distance: to the landmark, in km."""
    if near is None:
        return ""
    minutes, landmark = _on_foot(distance), near.landmark[0].upper() + near.landmark[1:]
    if minutes > _WALK:
        return f" {landmark} is {minutes // 4} minutes away by bus."
    return f" {landmark} is {minutes} minutes away on foot."


def _on_foot(distance: float) -> int:
    """Return the minutes that a walk of this many km takes, at 4.6 km an hour and with two crossings."""
    return 2 + round(13 * distance)
