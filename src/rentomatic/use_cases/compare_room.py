"""See how a room compares with those around it."""

from rentomatic.domain.comparison import Comparison, compare
from rentomatic.domain.geography import Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, RoomQuery
from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.ports import RoomRepository

RADIUS = 1000.0
"""Neighbours are at most this many metres away."""

NEAREST = 200
"""The most rooms to read, the room itself included; more would hardly change the median."""


def compare_room(repository: RoomRepository, room: Room, budget: Budget) -> Comparison:
    """Compare the room with its neighbours: the nearest rooms within a kilometre, at most `NEAREST`.

    If there are more, the radius of the comparison is the distance of the furthest one that was read. Raises
    OutOfTime if they cannot be read within the budget.
    """
    place = Point(room.latitude, room.longitude)
    around = RoomQuery(areas=(Circle(place, RADIUS),), near=place, sort=BY_DISTANCE, limit=NEAREST)
    page = repository.search(around, budget.left())
    neighbours = tuple(found for found in page.rooms if found.code != room.code)
    radius = RADIUS
    if page.more:
        radius = place.distance_to(page.rooms[-1].latitude, page.rooms[-1].longitude)
    return compare(room, neighbours, radius, complete=not page.more)
