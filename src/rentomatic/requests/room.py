"""Rooms from user input, a JSON object or texts. Standard library only.

The rules for rooms are in `Room` itself, and not repeated here.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import NoReturn
from uuid import uuid4

from rentomatic.domain.fields import NAMES, SEVERAL, TEXTS
from rentomatic.domain.quoting import quoted, shortened
from rentomatic.domain.room import InvalidRoom, Room, canonical_code
from rentomatic.domain.search import Field
from rentomatic.domain.texts import composed
from rentomatic.requests.search import field_value
from rentomatic.use_cases.errors import DocumentError, Fault, ParametersError, Problem

MAX_MEMBERS = 100

_LONG = 400  # digits of a number that is out of every range


def room_of_json(content: bytes, code: str | None = None) -> Room:
    """Return the room of a JSON object (RFC 8259, UTF-8); unstated values are null or left out.

    code: the room's canonical code, which the object may repeat or leave out. Without one, a room without a
        code gets a UUID.

    Raises DocumentError naming every fault.
    """
    members = _members(content)
    said = {name: _composed(name, value) for name, value in members}
    problems = {name: "is not a member of a room" for name in said if name not in NAMES}
    times = Counter(name for name, _ in members)
    problems |= {name: "is given more than once" for name in times if times[name] > 1}
    if code is None:
        values = {"code": str(uuid4()), **said}
    else:
        values = {**said, "code": code}
        if "code" in said and not _is_code(said["code"], code):
            problems["code"] = f"must be {code}, as in the URL, or left out"
    try:
        return _room(values, problems)
    except InvalidRoom as error:
        faults = (Fault(_path(name), problem) for name, problem in error.problems.items())
        raise DocumentError(faults) from None


def room_of_texts(texts: Mapping[str, str]) -> Room:
    """Return the room of texts, such as `60` for the price; without a code it gets a UUID.

    Raises ParametersError naming every bad one.
    """
    values: dict[str, object] = {"code": str(uuid4())}
    problems: dict[str, str] = {}
    for name, text in texts.items():
        try:
            kind = SEVERAL.get(name)
            values[name] = kind.of_text(text) if kind else field_value(Field(name), text)
        except ValueError as error:
            problems[name] = str(error)
    try:
        return _room(values, problems, {name: text for name, text in texts.items() if name in SEVERAL})
    except InvalidRoom as error:
        raise ParametersError(Problem(name, said) for name, said in error.problems.items()) from None


def _room(
    values: Mapping[str, object], problems: Mapping[str, str], typed: Mapping[str, object] | None = None
) -> Room:
    """Return the room of these values. Raises InvalidRoom with the known problems and all others.

    typed: what messages quote instead of the values, by default the values.
    """
    refused: dict[str, str] = {}
    quotable = {**values, **(typed or {})}
    try:
        room = Room(**{name: values.get(name) for name in NAMES})  # type: ignore[arg-type]  # Room checks
        if not problems:
            return room
    except InvalidRoom as error:
        refused = {
            name: f"{problem}, not {_shown(quotable[name])}" if name in values else "is missing"
            for name, problem in error.problems.items()
        }
    raise InvalidRoom({**refused, **problems})


def _members(content: bytes) -> tuple[tuple[str, object], ...]:
    """Return the members of the object in order, repeated ones included. Raises DocumentError."""
    try:
        # An object becomes a tuple of its members: a dict would keep only one of each name.
        document = json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=tuple, parse_int=_integer, parse_float=_number
        )
    except UnicodeDecodeError:
        _refuse("is not UTF-8")
    except json.JSONDecodeError as error:
        _refuse(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse("is nested too deep")
    if not isinstance(document, tuple):
        _refuse(f"must be an object, not {_shown(document)}")
    if len(document) > MAX_MEMBERS:
        _refuse(f"must have at most {MAX_MEMBERS} members, not {len(document)}")
    return document


def _composed(name: str, value: object) -> object:
    """Return the member's value; texts are put into Unicode's form NFC."""
    if isinstance(value, list) and name in SEVERAL:
        return [composed(text) if isinstance(text, str) else text for text in value]
    return composed(value) if isinstance(value, str) and name in TEXTS else value


def _refuse(message: str) -> NoReturn:
    raise DocumentError([Fault("$", message)]) from None


def _integer(digits: str) -> int:
    """Return the number, or another one out of range: Python refuses to convert thousands of digits."""
    return int(digits[:_LONG])


def _number(text: str) -> int | float:
    """Return the number: `60.0` is whole, as in JSON Schema, and `1e999` is infinite."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _is_code(value: object, code: str) -> bool:
    try:
        return isinstance(value, str) and canonical_code(value) == code
    except ValueError:
        return False


def _path(name: str) -> str:
    """Return the member's path as in RFC 9535, in ASCII."""
    name = name[:60]
    return f"$.{name}" if name.isidentifier() and name.isascii() else f"$[{json.dumps(name)}]"


def _shown(value: object) -> str:
    """Return a value for a message: on one line, not too long."""
    match value:
        case tuple():
            return "an object"
        case list():
            return "an array"
        case str():
            return quoted(value)
    return shortened(json.dumps(value))
