"""The number and prices of matching rooms on an SQLite connection, from all rooms or from a sample."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rentomatic.domain.search import BY_CODE, Field, RoomQuery
from rentomatic.domain.summary import Sample
from rentomatic.repository.sql import Sql, all_of, sample_of_groups, sizes_sql
from rentomatic.repository.sqlite.meter import Meter, TooFar
from rentomatic.repository.sqlite.plan import cheapest_for_all
from rentomatic.repository.sqlite.sampling import sampled_rooms
from rentomatic.repository.sqlite.words import filters, require_few_pending
from rentomatic.use_cases.errors import NotQuick

QUICK = 100_000
"""Steps of a quick total if distances may have to be measured; up to 12 ms of processor time.

Without distances, four times as many steps take no longer: rooms are only read, along an index or in
sequence.
"""

_IN_ORDER = {Field.PRICE, Field.SIZE}
"""The fields that one index holds in order."""


def count_of(connection: sqlite3.Connection, query: RoomQuery, at_most: int | None) -> int:
    """Return the number of matching rooms, at most `at_most`."""
    source = source_of(connection, query)
    statement, values = f"SELECT count(*) {source.text}", source.values
    if at_most is not None:  # takes twice as long
        statement, values = f"SELECT count(*) FROM (SELECT 1 {source.text} LIMIT ?)", (*values, at_most)
    return int(connection.execute(statement, values).fetchone()[0])


def quick_count_of(
    connection: sqlite3.Connection, query: RoomQuery, at_most: int | None, meter: Meter
) -> int:
    """Return the same number.

    Raises NotQuick beyond `QUICK` steps, or four times as many without areas, or if many rooms are pending.
    """
    # Always with a limit: without one, SQLite counts a whole table in a single instruction.
    with _quick(connection, query, meter):
        return count_of(connection, query, sys.maxsize if at_most is None else at_most)


def prices_of(connection: sqlite3.Connection, query: RoomQuery) -> list[tuple[Any, ...]]:
    """Return each price with the number of matching rooms and their extreme sizes."""
    source = source_of(connection, query)
    sizes, groups = sizes_sql(query), "price"
    if (
        query.conditions
        and not (query.areas or query.words)
        and {c.field for c in query.conditions} <= _IN_ORDER
    ):
        sizes, groups = "size", "price, size"  # faster than comparing the size of every room
    statement = f"SELECT price, count(*), {sizes} {source.text} GROUP BY {groups}"
    return connection.execute(statement, source.values).fetchall()


def quick_prices_of(connection: sqlite3.Connection, query: RoomQuery, meter: Meter) -> list[tuple[Any, ...]]:
    """Return the same rows. Raises NotQuick like `quick_count_of`."""
    with _quick(connection, query, meter):
        return prices_of(connection, query)


@contextmanager
def _quick(connection: sqlite3.Connection, query: RoomQuery, meter: Meter) -> Iterator[None]:
    require_few_pending(connection, query)
    try:
        with meter.at_most(QUICK if query.areas else 4 * QUICK):
            yield
    except TooFar as error:
        raise NotQuick from error


def sample_of(connection: sqlite3.Connection, query: RoomQuery) -> Sample:
    """Return the matching rooms of a sample."""
    (source, share), where = sampled_rooms(connection), filters(query)
    found = f"{source.text} WHERE {where.text}"
    statement = f"SELECT price, count(*), min(size), max(size) {found} GROUP BY price"
    return sample_of_groups(connection.execute(statement, (*source.values, *where.values)), share)


def source_of(connection: sqlite3.Connection, query: RoomQuery) -> Sql:
    """Return `FROM … WHERE …` for all matching rooms."""
    access = cheapest_for_all(connection, replace(query, sort=BY_CODE))
    where = all_of((access.where, filters(query)))
    return Sql(f"FROM {access.table} WHERE {where.text}", where.values)
