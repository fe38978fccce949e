"""The words by which an index of words leads to the matches of a search.

A room that has a feature says its words. So a search for features can use the index of words, too, which
leads to all rooms that match and to some that do not.
"""

from itertools import chain
from typing import NamedTuple

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.search import Operator, RoomQuery
from rentomatic.domain.words import words_of

_MOST = 20
"""Words of features that are looked up at most. The longest are the rarest, as a rule."""


class Term(NamedTuple):
    """A word that a room says; unless `whole`, the beginning of one."""

    word: str
    whole: bool


def feature_words(query: RoomQuery) -> list[str]:
    """Return words that every room with the features of the search says. A feature such as `★` has none."""
    features = [
        str(text)
        for condition in query.conditions
        if condition.operator is Operator.ALL and condition.field in SEARCHED
        if isinstance(condition.value, tuple)
        for text in condition.value
    ]
    words = set(chain.from_iterable(map(words_of, features)))
    return sorted(words, key=lambda word: (-len(word), word))[:_MOST]


def implied_terms(query: RoomQuery) -> list[Term]:
    """Return terms of every match: the words of its features, and the beginnings that the search is for."""
    words = feature_words(query)
    others = (begins for begins in query.words if not any(word.startswith(begins) for word in words))
    return [*(Term(word, whole=True) for word in words), *(Term(word, whole=False) for word in others)]
