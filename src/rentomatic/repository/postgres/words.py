"""Words of rooms in PostgreSQL: how they are stored, and the conditions of searches for words."""

from collections.abc import Iterable

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.room import Room, searched_values
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import words_in
from rentomatic.repository import sql
from rentomatic.repository.by_hand import Values
from rentomatic.repository.implied_words import Term
from rentomatic.repository.pending import WithPending
from rentomatic.repository.sql import ANYTHING, Sql, all_of

WRITES_WORDS = "rentomatic.writes_words = on"
"""The setting of a transaction that writes the words of each text that it changes.

Without it, a trigger removes words that stay the same while a text changes: they belong to the old text.
"""

IS_PENDING = f"words IS NULL AND num_nonnulls({', '.join(SEARCHED)}) > 0"

_NO_TEXT = (None,) * len(SEARCHED)


def filters(query: RoomQuery) -> Sql:
    """Return the condition for all matching rooms."""
    return all_of((sql.filters(query), words_sql(query)))


def words_sql(query: RoomQuery) -> Sql:
    """Return the condition that a room has the words of the search."""
    if not query.words:
        return ANYTHING
    found = says(Term(word, whole=False) for word in query.words)
    if isinstance(query, WithPending):
        return Sql(f"({found.text} OR code = ANY(?))", (*found.values, list(query.pending)))
    return found


def says(terms: Iterable[Term]) -> Sql:
    """Return the condition that a room says all of the terms; its words are stored."""
    return Sql("words @@ ?::tsquery", (tsquery_of(terms),))


def tsquery_of(terms: Iterable[Term]) -> str:
    """Return the terms as a `tsquery`. They hold letters, marks and digits alone."""
    return " & ".join(f"'{word}'" if whole else f"'{word}':*" for word, whole in terms)


def vector_of(room: Room) -> str | None:
    """Return the words of a room as a `tsvector`; None if it states no text."""
    texts = searched_values(room)
    return None if texts == _NO_TEXT else vector(words_in(texts))


def vector(words: Iterable[str]) -> str:
    """Return the words as a `tsvector`, in which nothing has to be quoted in letters, marks and digits."""
    return " ".join(words)


def swap_sql(old: Values | None, new: Room | None) -> Sql:
    """Return the statement that replaces the row `old` by `new` and its words."""
    value = None if new is None else vector_of(new)
    return sql.swap_sql(old, new, column=", words", mark=", ?::tsvector", value=value)
