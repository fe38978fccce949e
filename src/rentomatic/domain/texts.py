"""Texts as values of fields: one line, or several. What is allowed, and how a text is put right."""

import re
from dataclasses import dataclass
from typing import ClassVar
from unicodedata import is_normalized, normalize

# Control characters, what reorders or ends a line, and all spaces but the plain one.
_NOT_IN_LINE = r"\x00-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000"
_SPACES = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]|^ | $|  ")

# What leaves no mark: Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt, annotation marks
# and the empty braille pattern. Within a text some of it joins or parts letters: it is refused only alone.
_INVISIBLE = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

LINE_PATTERN = f"[^ {_NOT_IN_LINE}]+( [^ {_NOT_IN_LINE}]+)*"
"""What every text of one line matches as a whole; beside that, something of it can be seen."""

_WORDS = re.compile(LINE_PATTERN)
_LINE = re.compile(f"(?=[ {_INVISIBLE}]*[^ {_INVISIBLE}]){LINE_PATTERN}")
_VISIBLE = re.compile(f"[^ {_INVISIBLE}]")
_CONTROL = "must be one line without control characters"
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """A text of one line and at most `longest` characters.

    In Unicode's form NFC, without control characters and such as reorder text, with nothing but single plain
    spaces between words, and with a character that can be seen.

    without: characters that it must not have.
    """

    python_type: ClassVar[type[str]] = str

    longest: int
    without: str = ""

    def problem(self, value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a text"
        if not 1 <= len(value) <= self.longest:
            return f"must have 1 to {self.longest} characters"
        if self.without and any(character in value for character in self.without):
            return f"must not have any of {' '.join(self.without)}"
        return None if _is_plain_line(value) else _problem_of_line(value)

    def tidied(self, text: str) -> str:
        """Return a text as it should be written."""
        return tidied(text)


@dataclass(frozen=True, slots=True)
class Lines:
    """A text of one or more lines, of at most `longest` characters; lines within it may be empty.

    Each line is as for `Line`; they are separated by a line feed alone.
    """

    python_type: ClassVar[type[str]] = str

    longest: int

    def problem(self, value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a text"
        if not 1 <= len(value) <= self.longest:
            return f"must have 1 to {self.longest:,} characters"
        lines = value.split("\n")
        if not lines[0] or not lines[-1]:
            return "must not start or end with an empty line"
        line = Line(self.longest)
        problems = (line.problem(text) for text in lines if text and not _is_plain_line(text))
        found = next((problem for problem in problems if problem), None)
        return "must have lines without control characters" if found == _CONTROL else found

    def tidied(self, text: str) -> str:
        """Return a text as it should be written: without spaces and empty lines around it.

        Lines of which nothing can be seen, as pasted text often has, become empty.
        """
        lines = map(tidied, composed(text).splitlines())
        return "\n".join(line if _VISIBLE.search(line) else "" for line in lines).strip("\n")


def _is_plain_line(text: str) -> bool:
    """Whether a text in ASCII, as most are, is a line: the same as `_LINE`, for speed."""
    return text.isascii() and text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " "


def _problem_of_line(text: str) -> str | None:
    if not _LINE.fullmatch(text):
        return _no_line(text)
    if _LONE_SURROGATE.search(text):
        return "must be text that can be written in UTF-8"
    return None if is_normalized("NFC", text) else "must be in Unicode's form NFC"


def _no_line(text: str) -> str:
    """What is wrong with a text that is no line."""
    if _WORDS.fullmatch(text):
        return "must have a visible character"
    if re.search(f"[{_NOT_IN_LINE}]", _SPACES.sub("", text)):
        return _CONTROL
    return "must have single plain spaces, and none at its ends"


def composed(text: str) -> str:
    """Return the text in Unicode's form NFC: nobody sees in which form they typed or pasted it."""
    return normalize("NFC", text)


def tidied(text: str) -> str:
    """Return a text of one line as it should be written: in the form NFC, with single plain spaces only."""
    return " ".join(composed(text).split())
