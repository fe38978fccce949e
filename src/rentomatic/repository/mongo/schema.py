"""The schema of MongoDB: the collection of rooms with its rules and indexes, and its revision.

Each command may be repeated, so that any number of processes may migrate at once and one that was
interrupted is simply run again.
"""

from typing import Any

from rentomatic.domain.fields import Description
from rentomatic.domain.kinds import Code, Degrees, Line, Whole
from rentomatic.repository.mongo.filters import MEMBERS

MONGO_REVISION = "0002"
"""The schema that this program needs."""

_Document = dict[str, Any]

_HEX = "[0-9A-Fa-f]"
_UUID = "-".join(f"{_HEX}{{{digits}}}" for digits in (8, 4, 4, 4, 12))
_END = r"(?![\s\S])"  # `$` would leave room for a line break

# Written by hand, a whole number may be a double; a size may be left out.
_WHOLE = {"bsonType": ["int", "long", "double"], "multipleOf": 1}
_DEGREES = {"bsonType": ["double", "int", "long"]}

# Words with single plain spaces between them: no control characters, and none that reorder text.
_IN_WORD = r"[^\x00-\x20\x7f-\xa0" + "\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000]+"
_LINE = f"{_IN_WORD}( {_IN_WORD})*"

_CODE = {
    "bsonType": "string",
    "pattern": f"^[A-Za-z0-9][A-Za-z0-9._~-]{{0,35}}{_END}",
    # A UUID is kept in lower case: the pages of a search go by the code as it stands in the document.
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
    """What a member of a document must be."""
    rules: _Document
    match field.kind:
        case Code():
            rules = _CODE
        case Whole(lowest, highest):
            rules = {**_WHOLE, "minimum": lowest, "maximum": highest}
        case Degrees(limit):
            rules = {**_DEGREES, "minimum": -limit, "maximum": limit}
        case Line(longest):
            rules = {"bsonType": "string", "minLength": 1, "maxLength": longest, "pattern": f"^{_LINE}{_END}"}
    return {"anyOf": [{"bsonType": "null"}, rules]} if field.optional else rules


VALIDATOR = {
    "$jsonSchema": {
        "bsonType": "object",
        # A program of before titles puts whole documents in the place of others: it would take titles away.
        # That it does not name them tells it, and its writes are refused; null stands for no title.
        "required": ["code", "price", "place", "title"],
        "additionalProperties": False,
        "properties": {"_id": {}, **{str(field.name): _rules(field) for field in MEMBERS}, "place": _PLACE},
    }
}

# Each sort has an index in its own order, the code behind it, so that a page starts with one look-up
# however deep it lies. MongoDB compares text byte by byte unless told otherwise, as is wanted.
INDEXES: tuple[_Document, ...] = (
    {"name": "room_code", "key": {"code": 1}, "unique": True},
    {"name": "room_price", "key": {"price": 1, "code": 1}},
    {"name": "room_price_descending", "key": {"price": -1, "code": 1}},
    {"name": "room_size", "key": {"size": 1, "code": 1}},
    {"name": "room_size_descending", "key": {"size": -1, "code": 1}},
    {"name": "room_place", "key": {"place": "2dsphere"}, "2dsphereIndexVersion": 3},
)


def statements() -> list[_Document]:
    """The commands that bring an empty database, or one without a revision, to the newest schema."""
    rules = {"validator": VALIDATOR, "validationLevel": "strict", "validationAction": "error"}
    return [
        {"create": "room", **rules},
        {"collMod": "room", **rules},  # where somebody wrote rooms before
        {"createIndexes": "room", "indexes": list(INDEXES)},
        {
            "findAndModify": "schema",
            "query": {"_id": "room"},
            # $max: an older program that migrates at the same time does not take the revision back.
            "update": {"$max": {"revision": MONGO_REVISION}},
            "upsert": True,
        },
    ]
