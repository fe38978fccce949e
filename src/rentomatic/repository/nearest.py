"""Rooms nearest first, exactly, from storages whose own order of distances is not quite the same."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery

MARGIN = 1.0
"""Metres. Far more than the rounding of any distance, which is greatest on the other side of the Earth,
where a haversine is some decimetres off."""


def in_exact_order(query: RoomQuery, rooms: Iterable[Room]) -> Iterator[Room]:
    """The rooms that match, from `after` on, by exact distance and then by code.

    rooms: from the nearest on, none of them more than `MARGIN` nearer than one that came before it.
    They may begin before `after` and hold rooms that do not match. No more of them are taken than are
    needed to be sure of the next room: when the one taken last is further by the margin, what still
    follows is further as well.
    """
    near = query.origin
    after = (query.after.value, query.after.code) if query.after else (-1.0, "")
    waiting: list[tuple[float, str, Room]] = []
    for room in rooms:
        distance = near.distance_to(room.latitude, room.longitude)
        while waiting and waiting[0][0] < distance - MARGIN:
            yield heappop(waiting)[2]
        if (distance, room.code) > after and query.matches(room):
            heappush(waiting, (distance, room.code, room))
    while waiting:
        yield heappop(waiting)[2]
