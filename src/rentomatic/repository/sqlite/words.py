"""Searches for words on an SQLite connection.

The column `words` has the words of a room, each after a space, and `room_word` has a row for each word of
each room, in the order of the words. A room that was written by hand or by an older program may be *pending*:
it has texts, but no words yet. Searches look at its texts instead, until `write_words` stores its words.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator

from rentomatic.domain.fields import SEARCHED, SEVERAL
from rentomatic.domain.room import Room, searched_values
from rentomatic.domain.search import Condition, Operator, RoomQuery
from rentomatic.domain.words import all_begin, words_in
from rentomatic.repository import sql
from rentomatic.repository.implied_words import feature_words
from rentomatic.repository.pending import words_of_texts
from rentomatic.repository.sql import Sql, all_of, condition_sql
from rentomatic.repository.sqlite.rows import has_all_sql, texts_of
from rentomatic.use_cases.errors import NotQuick

_TEXTS = ", ".join(SEARCHED)

_IS_PENDING = f"words IS NULL AND coalesce({_TEXTS}) IS NOT NULL"

# The index has had its name since revision 0006; another one would take a revision of its own.
PENDING = f"SELECT id FROM room INDEXED BY room_unread WHERE {_IS_PENDING}"
"""Selects the pending rooms."""

_WITH_BEGINNING = f"SELECT doc AS id FROM room_word WHERE term >= ? AND term < ? UNION ALL {PENDING}"

_WITH_ALL = f"SELECT rowid AS id FROM room_words WHERE room_words MATCH ? UNION ALL {PENDING}"
"""Passes one entry after another of the rarest word until it has found as many as are wanted."""

_COUNT = f"SELECT count(*) FROM ({PENDING} LIMIT ?)"

_WRITE = f"UPDATE room SET words = words_in({_TEXTS}) WHERE id IN ({PENDING} LIMIT ?)"

QUICK = 200
"""Pending rooms whose texts a quick search looks at, in up to 20 ms, with long descriptions 150."""

_SILENT = (None,) * len(SEARCHED)

_LAST = "\U0010ffff"
"""Sorts after every character of a word."""


def filters(query: RoomQuery) -> Sql:
    """Return the condition for all matching rooms."""
    rest = sql.filters(query, _condition)
    return all_of((rest, _says_all(query.words))) if query.words else rest


def _condition(condition: Condition) -> Sql:
    return has_all_sql(condition) if condition.operator is Operator.ALL else condition_sql(condition)


def said_ids(query: RoomQuery) -> Iterator[Sql]:
    """Yield the ids of the rooms with each word of the features and of the search.

    Each time those of all pending rooms are among them. The longest words are the rarest, as a rule.
    """
    for word in feature_words(query):
        yield Sql(_WITH_ALL, (_quoted(word),))
    for word in sorted(query.words, key=len, reverse=True):
        yield Sql(_WITH_BEGINNING, (word, word + _LAST))


def ids_with_features(query: RoomQuery) -> Sql | None:
    """Return the ids of the rooms with all words of the features, and of all pending rooms.

    None if there are no two words.
    """
    words = feature_words(query)
    return Sql(_WITH_ALL, (" AND ".join(map(_quoted, words)),)) if len(words) > 1 else None


def _quoted(word: str) -> str:
    """Return the word in the language of FTS5; it holds letters, marks and digits alone."""
    return f'"{word}"'


def words_of_room(room: Room) -> str | None:
    """Return what the column `words` has for the room."""
    values = searched_values(room)
    return None if values == _SILENT else _joined(words_in(values))


def count_pending(connection: sqlite3.Connection, at_most: int) -> int:
    """Return the number of pending rooms, at most `at_most`."""
    ((found,),) = connection.execute(_COUNT, (at_most,))
    return int(found)


def require_few_pending(connection: sqlite3.Connection, query: RoomQuery) -> None:
    """Raise NotQuick if a search for words looks at the texts of more than `QUICK` rooms.

    Steps do not tell how long that takes: a long text takes as many as a short one.
    """
    if query.words and count_pending(connection, QUICK + 1) > QUICK:
        raise NotQuick


def write_words(connection: sqlite3.Connection, at_most: int) -> int:
    """Write the words of up to `at_most` pending rooms; return their number."""
    return connection.execute(_WRITE, (at_most,)).rowcount


def add_functions(connection: sqlite3.Connection) -> None:
    """Let statements on the connection use `says` and `words_in`."""
    connection.create_function("says", 1 + len(SEARCHED), _says, deterministic=True)
    connection.create_function("words_in", len(SEARCHED), _words_in, deterministic=True)


def _says_all(words: tuple[str, ...]) -> Sql:
    """Return the condition that a room says all the words."""
    read = " AND ".join("instr(words, ?)" for _ in words)
    either = f"({read} OR {_IS_PENDING} AND says(?, {_TEXTS}))"
    return Sql(either, (*(f" {word}" for word in words), json.dumps(words)))


def _says(asked: str, *stored: str | None) -> bool:
    return all_begin(json.loads(asked), words_of_texts(_decoded(stored)))


def _words_in(*stored: str | None) -> str:
    return _joined(words_of_texts(_decoded(stored)))


def _decoded(stored: tuple[str | None, ...]) -> Iterator[object]:
    for name, text in zip(SEARCHED, stored, strict=True):
        yield text if text is None or name not in SEVERAL else texts_of(text)


def _joined(words: Iterable[str]) -> str:
    return "".join(f" {word}" for word in sorted(words))
