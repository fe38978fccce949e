"""A part of the rooms of an SQLite file that stands for all of them, of a size that does not grow."""

import sqlite3

from rentomatic.repository.sql import Sql

RUNS = 500
RUN = 100
"""A sample is so many runs of so many ids, evenly spread: a listing may be sorted by town."""

_OF_RUNS = """
    FROM (
        WITH RECURSIVE run (first) AS (SELECT ? UNION ALL SELECT first + ? FROM run WHERE first + ? <= ?)
        SELECT first FROM run
    ) CROSS JOIN room NOT INDEXED ON id BETWEEN first AND first + ?
"""


def sampled_rooms(connection: sqlite3.Connection) -> tuple[Sql, float]:
    """`FROM …` of rooms with some ids, and the part of all ids that those are, above 0 and at most 1.

    The rooms of a run are next to each other in the file.
    """
    ends = "SELECT (SELECT min(id) FROM room), (SELECT max(id) FROM room)"
    lowest, highest = connection.execute(ends).fetchone()
    if lowest is None:
        return Sql("FROM room"), 1
    ids = highest - lowest + 1
    step = max(RUN, -(-ids // RUNS))
    covered = sum(min(RUN, highest - first + 1) for first in range(lowest, highest + 1, step))
    return Sql(_OF_RUNS, (lowest, step, step, highest, RUN - 1)), covered / ids
