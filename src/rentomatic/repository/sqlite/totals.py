"""How many rooms match and what they cost, on an SQLite connection: from all of them or from a sample."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rentomatic.domain.search import Field, RoomQuery
from rentomatic.domain.summary import Sample
from rentomatic.repository.sql import Sql, all_of, filters, sample_of_groups, sizes_sql
from rentomatic.repository.sqlite.meter import Meter, TooFar
from rentomatic.repository.sqlite.plan import cheapest_for_all
from rentomatic.repository.sqlite.sampling import sampled_rooms
from rentomatic.use_cases.errors import NotQuick

QUICK = 100_000
"""Steps of a total that is quick where distances may have to be measured, in up to 12 ms of a processor.

Four times as many take no longer where rooms are only read, along an index or from the start of the table on.
"""

_IN_ORDER = {Field.PRICE, Field.SIZE}
"""What an index has in order, both together."""


def count_of(connection: sqlite3.Connection, query: RoomQuery, at_most: int | None) -> int:
    """How many rooms match, counted no further than `at_most`."""
    source = _source_of(connection, query)
    statement, values = f"SELECT count(*) {source.text}", source.values
    if at_most is not None:  # costs twice as much
        statement, values = f"SELECT count(*) FROM (SELECT 1 {source.text} LIMIT ?)", (*values, at_most)
    return int(connection.execute(statement, values).fetchone()[0])


def quick_count_of(
    connection: sqlite3.Connection, query: RoomQuery, at_most: int | None, meter: Meter
) -> int:
    """The same. Raises NotQuick where it takes more than `QUICK` steps, without areas four times as many."""
    # Without a bound SQLite has one instruction that counts a whole table.
    with _quick(query, meter):
        return count_of(connection, query, sys.maxsize if at_most is None else at_most)


def prices_of(connection: sqlite3.Connection, query: RoomQuery) -> list[tuple[Any, ...]]:
    """The rooms that match in groups of one price each: it, their number, their extreme sizes."""
    source = _source_of(connection, query)
    sizes, groups = sizes_sql(query), "price"
    if query.conditions and not query.areas and {c.field for c in query.conditions} <= _IN_ORDER:
        sizes, groups = "size", "price, size"  # takes less than to compare the size of each room
    statement = f"SELECT price, count(*), {sizes} {source.text} GROUP BY {groups}"
    return connection.execute(statement, source.values).fetchall()


def quick_prices_of(connection: sqlite3.Connection, query: RoomQuery, meter: Meter) -> list[tuple[Any, ...]]:
    """The same. Raises NotQuick as `quick_count_of` does."""
    with _quick(query, meter):
        return prices_of(connection, query)


@contextmanager
def _quick(query: RoomQuery, meter: Meter) -> Iterator[None]:
    try:
        with meter.at_most(QUICK if query.areas else 4 * QUICK):
            yield
    except TooFar as error:
        raise NotQuick from error


def sample_of(connection: sqlite3.Connection, query: RoomQuery) -> Sample:
    """The rooms that match among some of all."""
    (source, share), where = sampled_rooms(connection), filters(query)
    found = f"{source.text} WHERE {where.text}"
    statement = f"SELECT price, count(*), min(size), max(size) {found} GROUP BY price"
    return sample_of_groups(connection.execute(statement, (*source.values, *where.values)), share)


def _source_of(connection: sqlite3.Connection, query: RoomQuery) -> Sql:
    """`FROM … WHERE …` of all rooms that match."""
    access = cheapest_for_all(connection, query)
    where = all_of((access.where, filters(query)))
    return Sql(f"FROM {access.table} WHERE {where.text}", where.values)
