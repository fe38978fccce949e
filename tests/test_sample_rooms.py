"""The sample rooms: the same everywhere, and believable."""

from collections import defaultdict
from itertools import islice
from math import isclose
from statistics import median

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.sample_rooms import FIRST_ROOMS, sample_rooms
from rentomatic.sample_rooms.london import NEIGHBOURHOODS
from rentomatic.sample_rooms.words import KINDS

ROOMS = tuple(sample_rooms())
MADE_UP = ROOMS[len(FIRST_ROOMS) :]
CARDS = 24
"""Rooms on the first page."""


def test_rooms_are_the_same_each_time() -> None:
    assert ROOMS == tuple(sample_rooms())
    assert ROOMS[:100] == tuple(sample_rooms(100))
    assert ROOMS[100] != next(islice(sample_rooms(101, seed=2), 100, None))


def test_fewer_rooms_than_those_of_the_tutorial_are_its_first_ones() -> None:
    assert [(), FIRST_ROOMS[:3], FIRST_ROOMS] == [tuple(sample_rooms(count)) for count in (0, 3, 4)]


def test_made_up_rooms_say_what_they_are_and_for_whom() -> None:
    assert {kind.name for kind in KINDS} == {room.kind for room in MADE_UP}
    assert all(room.title and room.guests for room in MADE_UP)


def test_no_title_repeats_on_the_first_page() -> None:
    by_code = sorted(ROOMS, key=lambda room: room.code)
    for rooms in (MADE_UP, by_code):
        titles = [room.title for room in rooms[:CARDS] if room.title]

        assert len(set(titles)) == len(titles)


def test_rooms_are_near_the_centre_of_their_neighbourhood() -> None:
    centres = {found.name: Point(found.latitude, found.longitude) for found in NEIGHBOURHOODS}
    apart = [
        centres[room.neighbourhood].distance_to(room.latitude, room.longitude)
        for room in MADE_UP
        if room.neighbourhood
    ]

    assert max(apart) < 4100
    assert median(apart) < 1000
    assert len(apart) > 0.9 * len(MADE_UP)
    assert len(centres) == len(NEIGHBOURHOODS)


def test_minutes_to_a_landmark_fit_the_distance() -> None:
    told = [room for room in MADE_UP if room.title and " minutes from " in room.title]
    (room, *_) = told
    assert room.title is not None
    minutes = int(room.title.split(", ")[-1].split()[0])
    centre = next(found for found in NEIGHBOURHOODS if found.name == room.neighbourhood)
    metres = Point(centre.latitude, centre.longitude).distance_to(room.latitude, room.longitude)

    assert isclose(minutes, 2 + 0.013 * metres, abs_tol=1)


def test_sizes_and_prices_fit_the_kind() -> None:
    sizes, prices = defaultdict(list), defaultdict(list)
    for room in MADE_UP:
        prices[room.kind].append(room.price)
        if room.size:
            sizes[room.kind].append(room.size)

    assert ["Private room", "Studio", "Entire flat", "Entire house"] == sorted(
        ("Private room", "Studio", "Entire flat", "Entire house"), key=lambda kind: median(sizes[kind])
    )
    assert ["Shared room", "Private room", "Studio", "Entire flat", "Entire house"] == sorted(
        (kind.name for kind in KINDS if kind.name != "Loft"), key=lambda kind: median(prices[kind])
    )


def test_the_centre_costs_more_than_the_edge() -> None:
    def price_in(name: str) -> float:
        return median(room.price for room in private(name))

    assert price_in("Soho") > price_in("Brixton") > price_in("Croydon")


def private(neighbourhood: str) -> list[Room]:
    found = [room for room in MADE_UP if (room.kind, room.neighbourhood) == ("Private room", neighbourhood)]
    assert found
    return found
