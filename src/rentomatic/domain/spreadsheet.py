"""What spreadsheets, and those who fill them in, make of the cells of a CSV file.

Some cells are run as formulas (https://owasp.org/www-community/attacks/CSV_Injection), and some stand for
nothing, such as `N/A`. A text that looks like either gets an apostrophe in front. A text that looks protected
already gets one more, so that reading exactly undoes writing.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")

# 5.01E+17, 5,01E+17, 5E+17, 5.01e17; not 5E17, which may be a code.
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+E\+?|E\+)[0-9]{1,3}", re.IGNORECASE)

_PLACEHOLDERS = frozenset(
    {"-", "--", "–", "—", "?", "n/a", "#n/a", "na", "n.a.", "nan", "null", "none", "unknown", "not specified"}
    | {"k.a.", "keine angabe", "unbekannt", "inconnu", "desconocido", "desconhecido", "sconosciuto"}
    | {"onbekend", "n.v.t."}
)

_LONGEST = 40
"""Characters. No placeholder is nearly as long, and long texts take long to compare."""


def is_placeholder(text: str) -> bool:
    """Whether the text stands for nothing, in the words of seven languages."""
    return len(text) <= _LONGEST and text.strip().lower() in _PLACEHOLDERS


def has_lost_digits(text: str) -> bool:
    """Whether the text is a number in scientific notation, as a spreadsheet saves a long one."""
    return _SCIENTIFIC.fullmatch(text) is not None


def defused(text: str) -> str:
    """Return the text as it is written to a cell."""
    return f"'{text}" if _FORMULA.match(text) or is_placeholder(text.lstrip("'")) else text


def restored(cell: str) -> str:
    """Return the text from a cell made by `defused`."""
    if not cell.startswith("'"):
        return cell
    return cell[1:] if _DEFUSED.match(cell) or is_placeholder(cell.lstrip("'")) else cell
