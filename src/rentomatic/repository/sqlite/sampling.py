"""Samples of bounded size from an SQLite file, which represent all rooms.

The sample is drawn along the R*Tree, not by ids: rooms inserted by hand may have any id, and removed rooms
leave gaps. Nodes of the tree hold about equally many cells, and the nodes read are evenly spread over the
tree, which is ordered by place. So every room is equally likely to be drawn, every town is represented, and
the cells counted on the way down give the number of rooms (F. Olken, "Random Sampling from Databases", 1993,
chapter 4, on trees).

Drawing a sample takes several times as long as reading it. So a connection keeps its sample in a temporary
table until the rooms change.
"""

import json
import sqlite3
from typing import TypeVar

from rentomatic.domain.fields import NAMES, SEARCHED, Field
from rentomatic.repository.sql import ROOM_COLUMNS, Sql
from rentomatic.repository.sqlite.tree import ROOT, cells_in, depth_of, node

NODES = 2000
"""The most nodes to read on one level of the tree for a sample."""

ROOMS = 20_000
"""The most rooms in a sample."""

_NODES_FOR_NUMBER = 200
"""Reading this many nodes on one level gives the number of rooms to within a few per cent."""

# What searches compare. Of long texts they need the words alone.
_LEFT_OUT = {Field.TITLE, Field.DESCRIPTION, Field.URL, Field.PHOTOS}
_COMPARED = ", ".join("NULL" if name in _LEFT_OUT else name for name in NAMES)
_WORDS = f"coalesce(words, words_in({', '.join(SEARCHED)}))"

_SAMPLE, _KEPT = "temp.sampled_room", "temp.sample"
_TABLES = (
    f"CREATE TEMP TABLE IF NOT EXISTS sampled_room ({ROOM_COLUMNS}, words)",
    "CREATE TEMP TABLE IF NOT EXISTS sample (version, changes, rooms, share)",
)

_DRAWN = "FROM (SELECT value AS drawn FROM json_each(?)) CROSS JOIN room NOT INDEXED ON id = drawn"

Item = TypeVar("Item")


def sampled_rooms(connection: sqlite3.Connection) -> tuple[Sql, float]:
    """Return `FROM …` for the sampled rooms, and their share of all rooms, above 0 and at most 1."""
    for statement in _TABLES:
        connection.execute(statement)
    kept = connection.execute(
        f"SELECT share FROM {_KEPT} WHERE (version, changes, rooms) = (?, ?, ?)", (*_state(connection), ROOMS)
    ).fetchone()
    share = float(kept[0]) if kept else _draw(connection)
    return Sql("FROM room" if share == 1 else f"FROM {_SAMPLE}"), share


def _state(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return two numbers, which change when another connection, or this one, changes the rooms."""
    return connection.execute("PRAGMA main.data_version").fetchone()[0], connection.total_changes


def _draw(connection: sqlite3.Connection) -> float:
    """Replace the kept sample; return its share of all rooms."""
    ids, share = _ids_in_leaves(connection, NODES)
    drawn = _evenly(ids, ROOMS)
    connection.execute(f"DELETE FROM {_SAMPLE}")
    connection.execute(f"DELETE FROM {_KEPT}")
    if len(drawn) < len(ids) or share < 1:
        share *= len(drawn) / len(ids)
        # In the order of the table, where rooms loaded together are neighbours.
        in_order = json.dumps(sorted(drawn))
        connection.execute(f"INSERT INTO {_SAMPLE} SELECT {_COMPARED}, {_WORDS} {_DRAWN}", (in_order,))
    version, changes = _state(connection)
    connection.execute(f"INSERT INTO {_KEPT} VALUES (?, ?, ?, ?)", (version, changes + 1, ROOMS, share))
    return share


def rooms_about(connection: sqlite3.Connection) -> int:
    """Return the approximate number of rooms; exact if there are few."""
    ids, share = _ids_in_leaves(connection, _NODES_FOR_NUMBER)
    return round(len(ids) / share)


def _ids_in_leaves(connection: sqlite3.Connection, nodes: int) -> tuple[list[int], float]:
    """Return the ids of the rooms in some leaves of the tree, and their share of all rooms."""
    cells, share = _ids_in(connection, ROOT), 1.0
    for _ in range(depth_of(node(connection, ROOT))):
        opened = _evenly(cells, nodes)
        share *= len(opened) / len(cells)
        cells = [cell for number in opened for cell in _ids_in(connection, number)]
    return cells, share


def _ids_in(connection: sqlite3.Connection, number: int) -> list[int]:
    return [cell[0] for cell in cells_in(node(connection, number))]


def _evenly(items: list[Item], at_most: int) -> list[Item]:
    """Return at most `at_most` of the items, evenly spread over the list."""
    if len(items) <= at_most:
        return items
    return [items[(2 * number + 1) * len(items) // (2 * at_most)] for number in range(at_most)]
