"""A part of the rooms of an SQLite file that stands for all of them, of a size that does not grow.

The sample is drawn along the R*Tree, never by ids: rooms inserted by hand may have any id, and removing rooms
leaves gaps. Nodes of the tree hold about equally many cells, and those read are evenly spread over its
order, which is one of places. So every room is as likely to be drawn as any other, every town has its part,
and the cells counted on the way down tell how many rooms there are (F. Olken, "Random Sampling from
Databases", 1993, chapter 4, on trees).
"""

import json
import sqlite3
from typing import TypeVar

from rentomatic.repository.sql import Sql
from rentomatic.repository.sqlite.tree import ROOT, cells_in, depth_of, node

NODES = 2000
"""Nodes of one level of the tree that are read for a sample, at most."""

ROOMS = 20_000
"""Rooms of a sample, at most."""

_NODES_FOR_NUMBER = 200
"""Nodes of one level that tell the number of rooms to a few per cent."""

_DRAWN = "FROM (SELECT value AS drawn FROM json_each(?)) CROSS JOIN room NOT INDEXED ON id = drawn"

Item = TypeVar("Item")


def sampled_rooms(connection: sqlite3.Connection) -> tuple[Sql, float]:
    """`FROM …` of some rooms, and the part of all rooms that those are, above 0 and at most 1."""
    ids, share = _ids_in_leaves(connection, NODES)
    drawn = _evenly(ids, ROOMS)
    if len(drawn) == len(ids) and share == 1:
        return Sql("FROM room"), 1
    # In the order of the table, where rooms that were loaded together are next to each other.
    return Sql(_DRAWN, (json.dumps(sorted(drawn)),)), share * len(drawn) / len(ids)


def rooms_about(connection: sqlite3.Connection) -> int:
    """About how many rooms there are; exactly, where they are few."""
    ids, share = _ids_in_leaves(connection, _NODES_FOR_NUMBER)
    return round(len(ids) / share)


def _ids_in_leaves(connection: sqlite3.Connection, nodes: int) -> tuple[list[int], float]:
    """The ids of the rooms in some leaves of the tree, and the part of all rooms that those are."""
    cells, share = _ids_in(connection, ROOT), 1.0
    for _ in range(depth_of(node(connection, ROOT))):
        opened = _evenly(cells, nodes)
        share *= len(opened) / len(cells)
        cells = [cell for number in opened for cell in _ids_in(connection, number)]
    return cells, share


def _ids_in(connection: sqlite3.Connection, number: int) -> list[int]:
    return [cell[0] for cell in cells_in(node(connection, number))]


def _evenly(items: list[Item], at_most: int) -> list[Item]:
    """At most that many of the items, evenly spread over the list."""
    if len(items) <= at_most:
        return items
    return [items[(2 * number + 1) * len(items) // (2 * at_most)] for number in range(at_most)]
