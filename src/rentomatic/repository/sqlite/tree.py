"""The nodes of SQLite's R*Tree of places.

SQL cannot walk the tree, so its nodes are read from the table `room_place_node`. Their format (rtree.c, "the
format of an r-tree node") is part of SQLite's stable file format: the depth of the tree and the number of
cells as 16-bit integers, then for each cell a 64-bit id (of a child node or, in a leaf, of a room) and its
bounds as 32-bit floats; all big-endian.
"""

import sqlite3
import struct
from collections.abc import Iterator

ROOT = 1

_HEADER = struct.Struct(">HH")
_CELL = struct.Struct(">qffff")

Cell = tuple[int, float, float, float, float]
"""The id of a child node or a room, then its west, east, south and north."""


def node(connection: sqlite3.Connection, number: int) -> bytes:
    """Return the node with the number."""
    query = "SELECT data FROM room_place_node WHERE nodeno = ?"
    return bytes(connection.execute(query, (number,)).fetchone()[0])


def depth_of(root: bytes) -> int:
    """Return the number of levels below the root."""
    depth, _ = _HEADER.unpack_from(root)
    return int(depth)


def cells_in(node: bytes) -> Iterator[Cell]:
    """Yield the cells of a node."""
    _, cells = _HEADER.unpack_from(node)
    return _CELL.iter_unpack(node[_HEADER.size : _HEADER.size + cells * _CELL.size])
