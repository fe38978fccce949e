"""Shows text from strangers in messages: as typed, on one line, of bounded length."""

import unicodedata

MAX_QUOTED = 40
"""The most characters of a text that a message quotes; an ellipsis stands for the rest."""

_JOINERS = "\u200c\u200d"  # invisible too, but needed by several scripts and emoji


def quoted(text: str, most: int = MAX_QUOTED) -> str:
    """Return the text in quotes as typed, but shortened and with hidden characters spelled out."""
    return f"'{visible(shortened(text, most))}'"


def shortened(text: str, most: int = MAX_QUOTED) -> str:
    """Return the text, cut to `most` characters, the last one being an ellipsis if any are missing."""
    return text if len(text) <= most else text[: most - 1] + "…"


def visible(text: str, keep: str = "") -> str:
    """Return the text with hidden characters spelled out, such as `<U+202E>`, except those in `keep`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(sign):04X}>" if is_hidden(sign) and sign not in keep else sign for sign in text)


def without_hidden(text: str) -> str:
    """Return the text without hidden characters, which people paste without noticing."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign for sign in text if not is_hidden(sign))


def is_hidden(sign: str) -> bool:
    """Whether a character is invisible, or changes how text around it is shown.

    These are control characters (terminals obey them), ends of lines, bidirectional controls (they reorder
    the text around them), other format characters, and lone surrogates (no encoding has them).
    """
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and sign not in _JOINERS


def counted(number: int, one: str, many: str = "") -> str:
    """Return the number with its noun: 1 room, 1,200 rooms. many: the plural, if it is irregular."""
    return f"{number:,} {noun(number, one, many)}"


def noun(number: int, one: str, many: str = "") -> str:
    """Return the noun alone, for a number that is written elsewhere."""
    return one if number == 1 else many or f"{one}s"
