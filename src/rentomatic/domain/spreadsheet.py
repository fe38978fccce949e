"""Texts in the cells of a CSV file, which spreadsheets run as formulas where they begin like one.

Cells that do are defused by an apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection).
So that reading a file undoes exactly what writing it did, a text that looks defused already gets one more.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")


def defused(text: str) -> str:
    """Return the text as it is written to a cell."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(cell: str) -> str:
    """Return the text of a cell that `defused` made."""
    return cell[1:] if _DEFUSED.match(cell) else cell
