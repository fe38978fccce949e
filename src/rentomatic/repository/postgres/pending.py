"""Rooms whose words are not stored yet, because somebody else wrote them: by hand, or with an older program.

A search for words reads the texts of these rooms itself, so that it finds them too. Afterwards it writes the
words of some of them, if it may. `migrate` writes those of all.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import all_begin
from rentomatic.repository.pending import with_codes, words_of_texts
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import rows
from rentomatic.repository.postgres.words import vector
from rentomatic.repository.sql import Sql
from rentomatic.use_cases.errors import NotQuick

QUICK = 1000
"""Pending rooms that a quick search reads, in about 10 ms of processor time."""

AT_ONCE = 200
"""Rooms whose words are written after a search, in about 20 ms of processor time."""

IS_PENDING = f"words IS NULL AND num_nonnulls({', '.join(SEARCHED)}) > 0"

_TEXTS = f"SELECT code, {', '.join(SEARCHED)} FROM room WHERE {IS_PENDING}"

_COUNT = f"SELECT count(*) FROM (SELECT FROM room WHERE {IS_PENDING} LIMIT ?) AS pending"

_NEXT = f"{_TEXTS} AND code > ? ORDER BY code LIMIT {QUICK}"

_TAKE = f"{_TEXTS} ORDER BY code LIMIT %s FOR NO KEY UPDATE SKIP LOCKED"
"""Rooms that somebody else is changing are left to them, so that several processes share the work."""

_WRITE = """
    UPDATE room SET words = given.words::tsvector FROM unnest(%s::text[], %s::text[]) AS given (code, words)
    WHERE room.code = given.code
"""


@dataclass
class Backlog:
    """Whether a search met rooms whose words this program may write."""

    is_writable: bool = False


def with_pending(session: Session, query: RoomQuery, backlog: Backlog, *, quick: bool = False) -> RoomQuery:
    """Return the search for words, together with the pending rooms that match.

    Runs one statement if no room is pending. quick: raise NotQuick if more than `QUICK` are.
    """
    codes, last = [], ""
    while batch := rows(session, Sql(_NEXT, (last,)), prepare=True):
        backlog.is_writable = backlog.is_writable or _is_writable(session)
        codes += [code for code, *texts in batch if all_begin(query.words, words_of_texts(texts))]
        last = batch[-1][0]
        if len(batch) < QUICK:
            break
        if quick:
            raise NotQuick
    if not last:
        return query
    return with_codes(query, codes)


def count_pending(session: Session, at_most: int) -> int:
    """Return the number of pending rooms, at most `at_most`."""
    ((found,),) = rows(session, Sql(_COUNT, (at_most,)))
    return int(found)


def write_words(connection: psycopg.Connection[Any], most: int) -> int:
    """Write the words of up to `most` pending rooms, in a transaction; return their number.

    Leaves out the rooms that another transaction is changing.
    """
    with connection.transaction():
        taken = {
            code: words_of_texts(texts)
            for code, *texts in connection.execute(_TAKE.encode(), (most,)).fetchall()
        }
        if taken:
            connection.execute(_WRITE.encode(), ([*taken], [*map(vector, taken.values())]))
        return len(taken)


_WRITABLE = """
    SELECT current_setting('default_transaction_read_only') = 'off' AND NOT pg_is_in_recovery()
        AND has_table_privilege('room', 'UPDATE')
"""


def _is_writable(session: Session) -> bool:
    """Whether the server and the user can change rooms."""
    ((writable,),) = rows(session, Sql(_WRITABLE))
    return bool(writable)
