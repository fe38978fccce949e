"""The rooms nearest to a point, one by one, from SQLite's R*Tree.

Best-first search (G. R. Hjaltason and H. Samet, "Distance Browsing in Spatial Databases", ACM TODS 24, 1999):
a queue holds nodes of the tree, and rooms, by their least possible distance; the first entry is expanded, or
is the next room. Parts of the tree that lie wholly before the page or outside the areas are never read, so a
deep page costs little more than the first.

SQL cannot walk the tree in this order, so its nodes are read one by one.
"""

import heapq
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import NamedTuple

from rentomatic.domain.geography import MAX_RADIUS, BoundingBox, Circle, Point, distance_range
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.sqlite.meter import Meter
from rentomatic.repository.sqlite.tree import ROOT, Cell, cells_in, depth_of, node

_MARGIN = 5.0
"""Metres. More than the error of 32-bit coordinates, and much more than the rounding of any distance."""

_ROOMS_AT_ONCE = 50

_STEPS_OF_NODE = 100
_STEPS_OF_ROOM = 5
"""Steps that take as long as the work done here for a node of the tree, and for looking up a room."""


class _Ring(NamedTuple):
    """Where to look for rooms: within a range of distances from the point, and in one of the boxes."""

    near: Point
    nearest: float
    furthest: float
    boxes: list[BoundingBox]


def nearest_rooms(
    connection: sqlite3.Connection,
    query: RoomQuery,
    boxes: list[BoundingBox],
    rooms_of: Callable[[list[int]], Iterable[Room]],
    meter: Meter,
) -> Iterator[Room]:
    """Yield the rooms of the search from `after` on, nearest first, reading lazily.

    boxes: hold every room of the areas.
    rooms_of: returns the matching rooms among those with these ids.
    meter: counts the steps taken here too. Raises TooFar and OutOfTime.
    """
    near = query.origin
    after = (query.after.value, query.after.code) if query.after else (-1.0, "")
    own = [area.radius for area in query.areas if isinstance(area, Circle) and area.centre == near]
    ring = _Ring(near, float(after[0] or 0.0), min([MAX_RADIUS, *own]), boxes)
    depth = depth_of(node(connection, ROOT))
    # (least distance, code, tie-breaker, entry). At equal distance rooms come last: a node or an id, whose
    # code is "", may still lead to a room with a lower code.
    number = count()
    queue: list[tuple[float, str, int, _Found]] = [(0.0, "", next(number), (ROOT, depth))]
    while queue:
        _, _, _, found = heapq.heappop(queue)
        if isinstance(found, Room):
            yield found
        elif isinstance(found, int):
            ids = [found, *_next_ids(queue)]
            meter.take(len(ids) * _STEPS_OF_ROOM)
            for room in rooms_of(ids):
                distance = near.distance_to(room.latitude, room.longitude)
                if (distance, room.code) > after:
                    heapq.heappush(queue, (distance, room.code, next(number), room))
        else:
            meter.take(_STEPS_OF_NODE)
            cells = _cells if found[1] else _places
            for least, cell in cells(node(connection, found[0]), ring):
                below = (cell, found[1] - 1) if found[1] else cell
                heapq.heappush(queue, (least, "", next(number), below))


_Found = Room | int | tuple[int, int]
"""A room, the id of one, or a node and its level."""


def _next_ids(queue: list[tuple[float, str, int, _Found]]) -> Iterator[int]:
    """Take the ids at the front of the queue, so that their rooms are read together."""
    for _ in range(_ROOMS_AT_ONCE - 1):
        if not queue or not isinstance(queue[0][3], int):
            return
        yield heapq.heappop(queue)[3]  # type: ignore[misc]  # checked above to be an int


def _entries(node: bytes, boxes: list[BoundingBox]) -> Iterator[Cell]:
    """Yield the cells of a node that overlap one of the boxes."""
    for entry in cells_in(node):
        _, west, east, south, north = entry
        for box in boxes:
            if west <= box.east and east >= box.west and south <= box.north and north >= box.south:
                yield entry
                break


def _cells(node: bytes, ring: _Ring) -> Iterator[tuple[float, int]]:
    """Yield child nodes that may hold rooms of the ring, with the least distance of such a room."""
    for cell, west, east, south, north in _entries(node, ring.boxes):
        nearest, furthest = distance_range(ring.near, west, south, east, north)
        if furthest + _MARGIN >= ring.nearest and nearest - _MARGIN <= ring.furthest:
            yield max(0.0, nearest - _MARGIN), cell


def _places(node: bytes, ring: _Ring) -> Iterator[tuple[float, int]]:
    """Yield ids of rooms in a leaf that may be in the ring, with their least distance."""
    for room, west, _, south, _ in _entries(node, ring.boxes):
        distance = ring.near.distance_to(south, west)
        if ring.nearest - _MARGIN <= distance <= ring.furthest + _MARGIN:
            yield max(0.0, distance - _MARGIN), room
