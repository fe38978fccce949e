"""The words by which an index of words leads to the matches of a search.

A room that has a feature says its words. So a search for features can use the index of words, too, which
leads to all rooms that match and to some that do not.
"""

from itertools import chain

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.search import Operator, RoomQuery
from rentomatic.domain.words import asked_words, words_of

_MOST = 20
"""Words of features that are looked up at most. The longest are the rarest, as a rule."""


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


def implied_words(query: RoomQuery) -> tuple[str, ...]:
    """Return words each of which begins a word of every match: those of the search and of its features."""
    features = feature_words(query)
    return asked_words((*query.words, *features)) if features else query.words
