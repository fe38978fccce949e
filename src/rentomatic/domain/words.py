"""The words of a text, as a search for words takes them.

A word is a run of letters, marks and digits (the categories L, M and N of Unicode) of the text in the form
NFKD, without the combining marks U+0300 to U+036F and without case: `Straße 5` has the words `strasse` and
`5`, `Ένας` the word `ενασ`. A script that is written without spaces, such as Thai, has one word for each run.
Of a very long word only the beginning counts, in texts and searches alike: indexes limit what they can hold.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, pairwise
from unicodedata import category, normalize

LONGEST_WORD = 100
"""Characters of a word that count."""

_MARKS = re.compile("[\u0300-\u036f]")
_ASCII_WORD = re.compile("[a-z0-9]+")


def words_of(text: str) -> list[str]:
    """Return the words of the text, in their order."""
    if text.isascii():
        return [word[:LONGEST_WORD] for word in _ASCII_WORD.findall(text.lower())]
    # Without case the text may have to be decomposed again, and then it may have other marks.
    plain = _MARKS.sub("", normalize("NFKD", _MARKS.sub("", normalize("NFKD", text)).casefold()))
    breaks = {ord(character): " " for character in set(plain) if not _in_word(character)}
    return [word[:LONGEST_WORD] for word in plain.translate(breaks).split()]


def plain_name(name: str) -> str:
    """Return the name without case, accents, spaces and punctuation; m² becomes m2."""
    return "".join(words_of(name))


@lru_cache(maxsize=4096)
def _in_word(character: str) -> bool:
    return category(character)[0] in "LMN"


def words_in(values: Iterable[str | Iterable[str] | None]) -> set[str]:
    """Return the words of all values: texts, lists of texts, and None for what is not stated."""
    texts = chain.from_iterable((value,) if isinstance(value, str) else value or () for value in values)
    return set(words_of("\n".join(texts)))


def asked_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words of a search in order, without those that begin another one and so follow from it.

    Raises ValueError for a word that no text has.
    """
    ordered = sorted(set(words))
    if not all(0 < len(word) <= LONGEST_WORD and all(map(_in_word, word)) for word in ordered):
        raise ValueError(f"a word is 1 to {LONGEST_WORD} letters, marks and digits")
    return tuple(word for word, next_ in pairwise([*ordered, ""]) if not next_.startswith(word))


def all_begin(asked: Iterable[str], words: Iterable[str]) -> bool:
    """Whether each of the words that are asked for begins one of the others."""
    words = tuple(words)
    return all(any(word.startswith(beginning) for word in words) for beginning in asked)
