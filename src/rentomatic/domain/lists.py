"""Lists of texts, as other programs write them in one text."""

import ast
import json
import re

LONGEST_PYTHON_LIST = 100_000
"""Characters. Real lists have a few thousand, and reading one takes many times its length in memory."""

_ESCAPE = r"\\(?:[\\'\"abfnrtv]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"
_PYTHON_ITEM = rf"""(?:'(?:[^'\\\n]|{_ESCAPE})*+'|"(?:[^"\\\n]|{_ESCAPE})*+"|None)\s*+"""
_PYTHON_LIST = re.compile(rf"\[\s*+{_PYTHON_ITEM}(?:,\s*+{_PYTHON_ITEM})*+(?:,\s*+)?\]")

# https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO. PostgreSQL quotes what has spaces around it,
# Python's sets look alike but for their apostrophes.
_ELEMENT = r"""(?:"(?:[^"\\]|\\.)*+"|(?!['\s])(?:[^{}",\\]|\\.)++)"""
_ARRAY = re.compile(rf"\{{\s*+(?:{_ELEMENT}\s*+(?:,\s*+{_ELEMENT}\s*+)*+)?\}}", re.DOTALL)
_ELEMENTS = re.compile(_ELEMENT, re.DOTALL)

_EXAMPLES = {"[": '["Desk", "Wifi"]', "{": "{Desk,Wifi}"}


def is_list(text: str) -> bool:
    """Whether the text must be a list as a whole, by its first character that is no space."""
    return text.lstrip()[:1] in {*_EXAMPLES}


def texts_of_list(text: str) -> list[str]:
    """Return the texts of a list: a JSON array, a list of Python or an array of PostgreSQL.

    Nulls are left out. Raises ValueError if the text is no such list, or if an entry is not a text.
    """
    text = text.strip()
    readers = (_of_json, _of_python) if text[0] == "[" else (_of_postgres,)
    found = next((found for read in readers if (found := read(text)) is not None), None)
    if found is None:
        raise ValueError(
            f"must be a list such as {_EXAMPLES[text[0]]} if it starts with {text[0]}; "
            f"write \\{text[0]} for the character itself"
        )
    texts = [item for item in found if isinstance(item, str)]
    if len(texts) + found.count(None) < len(found):
        raise ValueError("must be a list of texts")
    return texts


def _of_json(text: str) -> list[object] | None:
    try:
        return list(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _of_python(text: str) -> list[object] | None:
    """Return the items of a list of texts, which alone are given to Python's parser."""
    if len(text) > LONGEST_PYTHON_LIST or not _PYTHON_LIST.fullmatch(text):
        return None
    try:
        return list(ast.literal_eval(text))
    except (ValueError, SyntaxError):  # such as \U00110000, which is no character
        return None


def _of_postgres(text: str) -> list[object] | None:
    return [*map(_element, _ELEMENTS.findall(text[1:-1]))] if _ARRAY.fullmatch(text) else None


def _element(written: str) -> str | None:
    is_quoted = written.startswith('"')
    if not is_quoted and written.strip().upper() == "NULL":
        return None
    return re.sub(r"\\(.)", r"\1", written[1:-1] if is_quoted else written, flags=re.DOTALL)
