"""Bare connections to SQLite, with caches as large as the program's."""

import math
import sqlite3
from pathlib import Path

SEARCH_CACHE = 2048
LOAD_CACHE = 65536
"""KiB that the program gives to a connection for searches or exports, and for loads."""

_MATHS = {
    "sin": math.sin,
    "cos": math.cos,
    "asin": math.asin,
    "sqrt": math.sqrt,
    "radians": math.radians,
    "floor": math.floor,
}


def connect(path: Path, cache: int = SEARCH_CACHE) -> sqlite3.Connection:
    """Open a connection on which only an explicit `BEGIN` starts a transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    prepare(connection, cache)
    return connection


def prepare(connection: sqlite3.Connection, cache: int = SEARCH_CACHE) -> None:
    """Set a connection's cache, and add mathematical functions if this SQLite was built without them."""
    connection.execute(f"PRAGMA cache_size = -{cache}")
    try:
        connection.execute("SELECT sin(1)")
    except sqlite3.OperationalError:
        for name, function in _MATHS.items():
            connection.create_function(name, 1, function, deterministic=True)
