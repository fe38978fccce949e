"""Bare connections to SQLite, with the cache that those of the program have, and nothing else of it."""

import math
import sqlite3
from pathlib import Path

_MATHS = {"sin": math.sin, "cos": math.cos, "asin": math.asin, "sqrt": math.sqrt, "radians": math.radians}


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the file on which only `BEGIN` begins a transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    prepare(connection)
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Give a connection its cache, and mathematics where this SQLite was built without them."""
    connection.execute("PRAGMA cache_size = -65536")
    try:
        connection.execute("SELECT sin(1)")
    except sqlite3.OperationalError:
        for name, function in _MATHS.items():
            connection.create_function(name, 1, function, deterministic=True)
