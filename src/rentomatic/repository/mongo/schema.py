"""The schema of MongoDB: the collection of rooms with its rules and indexes, and its revision.

Each command may be repeated, so that any number of processes may migrate at once and one that was
interrupted is simply run again.
"""

from typing import Any

MONGO_REVISION = "0001"
"""The schema that this program needs."""

_Document = dict[str, Any]

_HEX = "[0-9A-Fa-f]"
_UUID = "-".join(f"{_HEX}{{{digits}}}" for digits in (8, 4, 4, 4, 12))
_END = r"(?![\s\S])"  # `$` would leave room for a line break

# Written by hand, a whole number may be a double; a size may be left out.
_WHOLE = {"bsonType": ["int", "long", "double"], "multipleOf": 1, "maximum": 2147483647}
_DEGREES = {"bsonType": ["double", "int", "long"]}

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

VALIDATOR = {
    "$jsonSchema": {
        "bsonType": "object",
        "required": ["code", "price", "place"],
        "additionalProperties": False,
        "properties": {
            "_id": {},
            "code": _CODE,
            "size": {"anyOf": [{"bsonType": "null"}, {**_WHOLE, "minimum": 1}]},
            "price": {**_WHOLE, "minimum": 0},
            "place": _PLACE,
        },
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
