"""The words of a text, as a search for words takes them.

A word is a run of letters, marks and digits (the categories L, M and N of Unicode) of the text in the form
NFKD, without the combining marks U+0300 to U+036F and without case: `Straße 5` has the words `strasse` and
`5`, `Ένας` the word `ενασ`. A script that is written without spaces, such as Thai, has one word for each run.
"""

import re
from functools import lru_cache
from unicodedata import category, normalize

_MARKS = re.compile("[\u0300-\u036f]")
_ASCII_WORD = re.compile("[a-z0-9]+")


def words_of(text: str) -> list[str]:
    """Return the words of the text, in their order."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    # Without case the text may have to be decomposed again, and then it may have other marks.
    plain = _MARKS.sub("", normalize("NFKD", _MARKS.sub("", normalize("NFKD", text)).casefold()))
    return "".join(character if _in_word(character) else " " for character in plain).split()


@lru_cache(maxsize=4096)
def _in_word(character: str) -> bool:
    return category(character)[0] in "LMN"
