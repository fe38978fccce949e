"""Protects cells of a CSV file from being run as formulas by spreadsheets.

A text that looks like a formula gets an apostrophe in front
(https://owasp.org/www-community/attacks/CSV_Injection). A text that looks protected already gets one more, so
that reading exactly undoes writing.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")


def defused(text: str) -> str:
    """Return the text as it is written to a cell."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(cell: str) -> str:
    """Return the text from a cell made by `defused`."""
    return cell[1:] if _DEFUSED.match(cell) else cell
