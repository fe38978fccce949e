"""Searches for words where some rooms have no words yet, because somebody else wrote them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from rentomatic.domain.fields import FIELD, SEARCHED, Field
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import words_in
from rentomatic.repository.by_hand import put_right


@dataclass(frozen=True, slots=True, kw_only=True)
class WithPending(RoomQuery):
    """A search for words with the codes of the matching rooms whose words are not stored yet."""

    pending: tuple[str, ...]


def with_codes(query: RoomQuery, codes: Iterable[str]) -> WithPending:
    """Return the search for words with the codes of the pending rooms that match."""
    given = {field.name: getattr(query, field.name) for field in fields(RoomQuery)}
    return WithPending(**given, pending=tuple(codes))


def words_of_texts(texts: Iterable[object]) -> set[str]:
    """Return the words of stored values of `SEARCHED`, put right as when a room is read."""
    return words_in(
        put_right(FIELD[Field(name)].kind, text) for name, text in zip(SEARCHED, texts, strict=True)
    )
