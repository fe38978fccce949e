"""A part of the rooms of an SQLite file that stands for all of them, of a size that does not grow.

The sample is drawn along the R*Tree, never by ids: rooms inserted by hand may have any id, and removing rooms
leaves gaps. Nodes of the tree hold about equally many cells, and those read are evenly spread over its
order, which is one of places. So every room is as likely to be drawn as any other, every town has its part,
and the cells counted on the way down tell how many rooms there are (F. Olken, "Random Sampling from
Databases", 1993, chapter 4, on trees).

Drawing takes several times as long as reading what was drawn. So a connection keeps its sample in a temporary
table for as long as the rooms stay what they are.
"""

import json
import sqlite3
from typing import TypeVar

from rentomatic.repository.sql import ROOM_COLUMNS, Sql
from rentomatic.repository.sqlite.tree import ROOT, cells_in, depth_of, node

NODES = 2000
"""Nodes of one level of the tree that are read for a sample, at most."""

ROOMS = 20_000
"""Rooms of a sample, at most."""

_NODES_FOR_NUMBER = 200
"""Nodes of one level that tell the number of rooms to a few per cent."""

_SAMPLE, _KEPT = "temp.sampled_room", "temp.sample"
_TABLES = (
    f"CREATE TEMP TABLE IF NOT EXISTS sampled_room ({ROOM_COLUMNS})",
    "CREATE TEMP TABLE IF NOT EXISTS sample (version, changes, rooms, share)",
)

_DRAWN = "FROM (SELECT value AS drawn FROM json_each(?)) CROSS JOIN room NOT INDEXED ON id = drawn"

Item = TypeVar("Item")


def sampled_rooms(connection: sqlite3.Connection) -> tuple[Sql, float]:
    """`FROM …` of some rooms, and the part of all rooms that those are, above 0 and at most 1."""
    for statement in _TABLES:
        connection.execute(statement)
    kept = connection.execute(
        f"SELECT share FROM {_KEPT} WHERE (version, changes, rooms) = (?, ?, ?)", (*_state(connection), ROOMS)
    ).fetchone()
    share = float(kept[0]) if kept else _draw(connection)
    return Sql("FROM room" if share == 1 else f"FROM {_SAMPLE}"), share


def _state(connection: sqlite3.Connection) -> tuple[int, int]:
    """What changes with the rooms: the first number by other connections, the second by this one."""
    return connection.execute("PRAGMA main.data_version").fetchone()[0], connection.total_changes


def _draw(connection: sqlite3.Connection) -> float:
    """Put another sample in the place of the one that is kept; the part of all rooms that it is."""
    ids, share = _ids_in_leaves(connection, NODES)
    drawn = _evenly(ids, ROOMS)
    connection.execute(f"DELETE FROM {_SAMPLE}")
    connection.execute(f"DELETE FROM {_KEPT}")
    if len(drawn) < len(ids) or share < 1:
        share *= len(drawn) / len(ids)
        # In the order of the table, where rooms that were loaded together are next to each other.
        in_order = json.dumps(sorted(drawn))
        connection.execute(f"INSERT INTO {_SAMPLE} SELECT {ROOM_COLUMNS} {_DRAWN}", (in_order,))
    version, changes = _state(connection)
    connection.execute(f"INSERT INTO {_KEPT} VALUES (?, ?, ?, ?)", (version, changes + 1, ROOMS, share))
    return share


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
