"""Rooms whose words are not stored yet, because somebody else wrote them: by hand, or with an older program.

A search for words reads the texts of these rooms itself, so that it finds them too; if they are many, only of
those that meet its other conditions. Afterwards it writes the words of some of them, if it may. `migrate`
writes those of all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import psycopg

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import all_begin
from rentomatic.repository.pending import with_codes, words_of_texts
from rentomatic.repository.postgres.plan import NARROW
from rentomatic.repository.postgres.session import Row, Session
from rentomatic.repository.postgres.statements import read_first, rows
from rentomatic.repository.postgres.ways import way_to_few
from rentomatic.repository.postgres.words import IS_PENDING, filters, vector
from rentomatic.repository.schema import Told
from rentomatic.repository.sql import Sql
from rentomatic.use_cases.errors import NotQuick


class Bound(NamedTuple):
    """The most rooms that are read at once, and bytes of their texts; one room may have more."""

    rooms: int
    size: int


QUICK = Bound(1000, 200_000)
"""Pending rooms that a quick search reads, in about 30 ms of processor time."""

AT_ONCE = Bound(200, 100_000)
"""Rooms whose words are written after a search, in about 20 ms of processor time."""

_BATCH = Bound(1000, 500_000)
"""Rooms whose words are written in one transaction, which locks them for some 0.1 s."""

_MANY = 10_000
"""Rooms whose words are written before the statistics of words are updated."""

_TEXTS = ", ".join(SEARCHED)

_SIZE = " + ".join(f"coalesce(octet_length({name}::text), 0)" for name in SEARCHED)
"""PostgreSQL knows the size of a long text without reading it."""

_EVERY_ROOM = Sql("FROM room WHERE true")

_WITH_VERSIONS = Sql("FROM (SELECT *, xmin::text AS version FROM room) AS versions WHERE true")
"""`xmin` is the transaction that wrote the row."""

_ARE_MORE = f"SELECT FROM room WHERE {IS_PENDING} AND code > ? LIMIT 1"

_COUNT = f"SELECT count(*) FROM (SELECT FROM room WHERE {IS_PENDING} LIMIT ?) AS pending"

_WRITE = """
    WITH free AS MATERIALIZED (
        SELECT room.code, given.words
        FROM room JOIN unnest(%s::text[], %s::text[], %s::text[]) AS given (code, version, words) USING (code)
        WHERE room.xmin::text = given.version FOR NO KEY UPDATE OF room SKIP LOCKED
    )
    UPDATE room SET words = free.words::tsvector FROM free WHERE room.code = free.code
"""
"""Rooms that somebody else has changed since they were read, or is changing, are left to them."""


@dataclass
class Backlog:
    """What a search met: whether there are rooms whose words this program may write, and whether many."""

    is_writable: bool = False
    is_long: bool = False


def with_pending(session: Session, query: RoomQuery, backlog: Backlog, *, quick: bool = False) -> RoomQuery:
    """Return the search for words, together with the pending rooms that match.

    Runs one statement if no room is pending. quick: raise NotQuick if more than `QUICK` may match.
    """
    found = rows(session, _first(_EVERY_ROOM, "", QUICK), prepare=True)
    if not found:
        return query
    backlog.is_writable = _is_writable(session)
    backlog.is_long = bool(rows(session, Sql(_ARE_MORE, (found[-1][0],)), prepare=True))
    batches = _of_many(session, query, quick=quick) if backlog.is_long else [found]
    return with_codes(
        query,
        (
            code
            for batch in batches
            for code, *texts in batch
            if all_begin(query.words, words_of_texts(texts))
        ),
    )


def _of_many(session: Session, query: RoomQuery, *, quick: bool) -> Iterator[list[Row]]:
    """Yield the pending rooms that meet the search's conditions besides its words."""
    others = replace(query, words=())
    where = filters(others)
    source, last = Sql(f"FROM room WHERE {where.text}", where.values), ""
    if way := way_to_few(session, others, NARROW):
        source = read_first(others, way.rooms)
    elif quick:
        raise NotQuick
    while batch := rows(session, _first(source, last, QUICK)):
        if quick and last:
            raise NotQuick
        yield batch
        last = batch[-1][0]


def _first(source: Sql, after: str, bound: Bound, more: str = "") -> Sql:
    """Return the statement for the code and the texts of the source's first pending rooms after a code.

    source: `FROM … WHERE …`. more: other columns, `, a, b`, which come last in the rows.
    """
    return Sql(
        f"""
        SELECT code, {_TEXTS}{more} FROM (
            SELECT *, sum(size) OVER (ORDER BY code) - size AS size_before FROM (
                SELECT code, {_TEXTS}{more}, {_SIZE} AS size {source.text}
                AND {IS_PENDING} AND code > ? ORDER BY code LIMIT {bound.rooms}
            ) AS first_ones
        ) AS sized WHERE size_before < {bound.size} ORDER BY code
        """,
        (*source.values, after),
    )


def count_pending(session: Session, at_most: int) -> int:
    """Return the number of pending rooms, at most `at_most`."""
    ((found,),) = rows(session, Sql(_COUNT, (at_most,)))
    return int(found)


def write_all_words(connection: psycopg.Connection[Any], told: Told) -> None:
    """Write the words of all pending rooms but those that others lock, each batch in one transaction."""
    total = 0
    while written := _write_each(connection, told):
        total += written
    if total >= _MANY:
        with connection.transaction():
            connection.execute("ANALYZE room (words)")


def _write_each(connection: psycopg.Connection[Any], told: Told) -> int:
    """Write the words of the pending rooms in the order of their codes; return the number written."""
    last, total = "", 0
    while True:
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = 500")
            if not (batch := _read(connection, last, _BATCH)):
                return total
            written = _write(connection, batch)
        told(written)
        total += written
        last = batch[-1][0]


def write_words(connection: psycopg.Connection[Any], bound: Bound = AT_ONCE) -> None:
    """Write the words of the first pending rooms, within the caller's transaction."""
    if batch := _read(connection, "", bound):
        _write(connection, batch)


def _read(connection: psycopg.Connection[Any], after: str, bound: Bound) -> list[Row]:
    statement = _first(_WITH_VERSIONS, after, bound, ", version")
    return connection.execute(statement.text.replace("?", "%s").encode(), statement.values).fetchall()


def _write(connection: psycopg.Connection[Any], batch: Sequence[Row]) -> int:
    """Write the words of rooms that nobody else has changed meanwhile; return their number.

    The rooms are locked only for this statement.
    """
    codes = [code for code, *_ in batch]
    versions = [version for *_, version in batch]
    words = [vector(words_of_texts(texts)) for _, *texts, _ in batch]
    return connection.execute(_WRITE.encode(), (codes, versions, words)).rowcount


_WRITABLE = """
    SELECT current_setting('default_transaction_read_only') = 'off' AND NOT pg_is_in_recovery()
        AND has_table_privilege('room', 'UPDATE')
"""


def _is_writable(session: Session) -> bool:
    """Whether the server and the user can change rooms."""
    ((writable,),) = rows(session, Sql(_WRITABLE))
    return bool(writable)
