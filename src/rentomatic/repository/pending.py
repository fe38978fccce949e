"""Rooms whose words are not stored yet, because somebody else wrote them: in searches, and for `doctor`."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, fields
from typing import Protocol

from rentomatic.domain.fields import FIELD, SEARCHED, Field
from rentomatic.domain.quoting import counted
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import words_in
from rentomatic.repository.by_hand import put_right
from rentomatic.repository.findings import Finding, State

_COUNTED = 10_000
"""More pending rooms are not counted by `doctor`."""

_KINDS = tuple(FIELD[Field(name)].kind for name in SEARCHED)


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
    return words_in(map(put_right, _KINDS, texts))


class _KeepsWords(Protocol):
    def pending(self, at_most: int) -> int:
        """Return the number of pending rooms, at most `at_most`."""
        ...

    def close(self) -> None:
        """Close the repository."""
        ...


def check_words(repository: _KeepsWords) -> Finding:
    """Check that the words of all rooms are stored, and close the repository."""
    with closing(repository):
        pending = repository.pending(_COUNTED + 1)
    if not pending:
        return Finding(State.GOOD, "stored for all rooms")
    number = counted(pending, "room") if pending <= _COUNTED else f"more than {_COUNTED:,} rooms"
    slow = "which makes searches for words slower: run `rentomatic migrate`"
    return Finding(State.WARNING, f"not stored yet for {number}, {slow}")
