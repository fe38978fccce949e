"""Exact order by distance, for storages whose own order differs slightly."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery

MARGIN = 1.0
"""Metres. Much more than the rounding of any distance; at the antipode a haversine is decimetres off."""


def in_exact_order(query: RoomQuery, rooms: Iterable[Room]) -> Iterator[Room]:
    """Yield the matching rooms from `after` on, by exact distance and then by code.

    rooms: in increasing distance, except that a room may be up to `MARGIN` nearer than an earlier one. They
        may begin before `after` and include rooms that do not match. The iterator is read only until the next
        room is certain: once a room is further away by the margin, all later ones are further away too.
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
