"""Words of rooms in MongoDB: how documents have them, and the filters of searches for words.

Beside the texts of a room its document has `words`, with an index, and `words_of`, the texts that they were
taken from. The rules of the collection refuse words of other texts, so whoever changes a text has to remove
`words` or write those of the new text. A document without `words` is *pending*.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from bson.regex import Regex

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import LONGEST_WORD
from rentomatic.repository.pending import WithPending

_Document = dict[str, Any]

IS_PENDING: _Document = {"words": None}
"""Selects the documents whose words are not stored."""

WITHOUT_WORDS = {"words": 0, "words_of": 0}
"""The projection that leaves out what no room states."""

INDEX: _Document = {"name": "room_words", "key": {"words": 1}}

MEMBERS: dict[str, _Document] = {
    "words": {
        "anyOf": [
            {"bsonType": "null"},
            {
                "bsonType": "array",
                "minItems": 1,
                "items": {"bsonType": "string", "maxLength": LONGEST_WORD},
            },
        ]
    },
    "words_of": {},
}
"""The rules for the members."""

WORDS_BELONG: _Document = {
    "$or": [
        IS_PENDING,
        {"$expr": {"$eq": ["$words_of", [{"$ifNull": [f"${name}", None]} for name in SEARCHED]]}},
    ]
}
"""The rule that the words are those of the texts.

A revision that adds a searched field has to remove the words of all documents before it changes the rule.
"""

_NO_WORD = ""
"""The only word of a room without one: to an index, an empty list is like a missing member."""


def words_members(words: Iterable[str], texts: Sequence[object]) -> _Document:
    """Return the members for the words of these values of `SEARCHED`, as they are stored."""
    return {"words": sorted(words) or [_NO_WORD], "words_of": [*texts]}


def words_filters(query: RoomQuery) -> Iterator[_Document]:
    """Yield the filters that only rooms with the words of the search pass."""
    if query.words:
        # A pattern is one range of the index, unlike two comparisons, which two words of a room could meet.
        # Of several patterns the server takes one for the range, by trial.
        found = {"words": {"$all": [Regex(f"^{word}") for word in query.words]}}
        pending = query.pending if isinstance(query, WithPending) else ()
        yield {"$or": [found, {"code": {"$in": list(pending)}}]} if pending else found


def by_word(query: RoomQuery) -> Iterator[_Document]:
    """Yield a filter for each word of the search."""
    for word in query.words:
        yield from words_filters(RoomQuery(words=(word,)))


def beside_words(query: RoomQuery) -> RoomQuery:
    """Return the search without its words, which the server compares exactly."""
    return replace(query, words=()) if query.words else query
