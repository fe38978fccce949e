"""What spreadsheets do to the cells of a CSV file.

They run some as formulas. A text that looks like a formula gets an apostrophe in front
(https://owasp.org/www-community/attacks/CSV_Injection). A text that looks protected already gets one more, so
that reading exactly undoes writing.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")

# 5.01E+17, 5,01E+17, 5E+17, 5.01e17; not 5E17, which may be a code.
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+E\+?|E\+)[0-9]{1,3}", re.IGNORECASE)


def has_lost_digits(text: str) -> bool:
    """Whether the text is a number in scientific notation, as a spreadsheet saves a long one."""
    return _SCIENTIFIC.fullmatch(text) is not None


def defused(text: str) -> str:
    """Return the text as it is written to a cell."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(cell: str) -> str:
    """Return the text from a cell made by `defused`."""
    return cell[1:] if _DEFUSED.match(cell) else cell
