"""The schema of MongoDB: the collection of rooms with its rules and indexes, and its revision.

Every command may be repeated, so several processes may migrate at once, and an interrupted migration is
simply run again.
"""

from typing import Any

from rentomatic.domain.addresses import Address
from rentomatic.domain.fields import FOUND, Description
from rentomatic.domain.kinds import Code, Degrees, Kind, Whole
from rentomatic.domain.search import SortKey
from rentomatic.domain.several import Several
from rentomatic.domain.texts import Line, Lines
from rentomatic.repository.mongo import words
from rentomatic.repository.mongo.filters import MEMBERS

MONGO_REVISION = "0005"
"""The schema that this program needs."""

_Document = dict[str, Any]

_HEX = "[0-9A-Fa-f]"
_UUID = "-".join(f"{_HEX}{{{digits}}}" for digits in (8, 4, 4, 4, 12))
_END = r"(?![\s\S])"  # `$` would allow a line break at the end

# Written by hand, a whole number may be stored as a double, and a size may be missing.
_WHOLE = {"bsonType": ["int", "long", "double"], "multipleOf": 1}
_DEGREES = {"bsonType": ["double", "int", "long"]}

# Words separated by single plain spaces: no control characters, and none that reorder text.
_IN_WORD = r"[^\x00-\x20\x7f-\xa0" + "\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000]+"
_LINE = f"{_IN_WORD}( {_IN_WORD})*"

_CODE = {
    "bsonType": "string",
    "pattern": f"^[A-Za-z0-9][A-Za-z0-9._~-]{{0,35}}{_END}",
    # A UUID must be in lower case: searches are ordered by the code as stored.
    "not": {
        "anyOf": [
            {"enum": ["clusters", "import", "summary"]},
            {"pattern": f"^(?=.*[A-F]){_UUID}{_END}"},
        ]
    },
}

_PLACE = {
    "bsonType": "object",
    "required": ["type", "coordinates"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["Point"]},
        "coordinates": {
            "bsonType": "array",
            "minItems": 2,
            "maxItems": 2,
            "items": [
                {**_DEGREES, "minimum": -180, "maximum": 180},
                {**_DEGREES, "minimum": -90, "maximum": 90},
            ],
        },
    },
}


def _rules(field: Description) -> _Document:
    """Return the rule for a member of a document."""
    rules = _rules_of(field.kind)
    return {"anyOf": [{"bsonType": "null"}, rules]} if field.optional else rules


def _rules_of(kind: Kind) -> _Document:
    found: _Document
    match kind:
        case Code():
            found = _CODE
        case Whole(lowest, highest):
            found = {**_WHOLE, "minimum": lowest, "maximum": highest}
        case Degrees(limit):
            found = {**_DEGREES, "minimum": -limit, "maximum": limit}
        case Line(longest):
            found = _text(longest, _LINE)
        case Lines(longest):
            found = _text(longest, f"{_LINE}(\n+{_LINE})*")
        case Address(pattern, _, longest):
            found = _text(longest, pattern.pattern)
        case Several(each, most):
            found = {"bsonType": "array", "minItems": 1, "maxItems": most, "items": _rules_of(each)}
    return found


def _text(longest: int, pattern: str) -> _Document:
    return {"bsonType": "string", "minLength": 1, "maxLength": longest, "pattern": f"^{pattern}{_END}"}


VALIDATOR = {
    "$jsonSchema": {
        "bsonType": "object",
        # A program from before titles replaces whole documents and would drop their titles. Its documents
        # lack the member `title`, so requiring it rejects them; null stands for no title.
        "required": ["code", "price", "place", "title"],
        "additionalProperties": False,
        "properties": {
            "_id": {},
            **{str(field.name): _rules(field) for field in MEMBERS},
            "place": _PLACE,
            **words.MEMBERS,
        },
    },
    **words.WORDS_BELONG,
}

# Each sort has an index in its order, followed by the code, so that every page, however deep, starts with one
# look-up. MongoDB compares text byte by byte unless told otherwise, which is the order needed.
INDEXES: tuple[_Document, ...] = (
    {"name": "room_code", "key": {"code": 1}, "unique": True},
    {"name": "room_price", "key": {"price": 1, "code": 1}},
    {"name": "room_price_descending", "key": {"price": -1, "code": 1}},
    {"name": "room_size", "key": {"size": 1, "code": 1}},
    {"name": "room_size_descending", "key": {"size": -1, "code": 1}},
    *({"name": f"room_{name}", "key": {name: 1}} for name in map(str, FOUND) if name not in [*SortKey]),
    words.INDEX,
    {"name": "room_place", "key": {"place": "2dsphere"}, "2dsphereIndexVersion": 3},
)


def statements() -> list[_Document]:
    """Return the commands that bring an empty database, or one without a revision, to the newest schema."""
    rules = {"validator": VALIDATOR, "validationLevel": "strict", "validationAction": "error"}
    return [
        {"create": "room", **rules},
        {"collMod": "room", **rules},  # the collection may exist already, with rooms written by hand
        {"createIndexes": "room", "indexes": list(INDEXES)},
        {
            "findAndModify": "schema",
            "query": {"_id": "room"},
            # $max: an older program that migrates at the same time must not lower the revision.
            "update": {"$max": {"revision": MONGO_REVISION}},
            "upsert": True,
        },
    ]
