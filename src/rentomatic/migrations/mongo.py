"""The schema of MongoDB: the collection of rooms with its rules and indexes, and its revision.

Each command may be repeated, so that any number of processes may migrate at once and one that was
interrupted is simply run again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
)

from rentomatic.migrations import MONGO_REVISION, Revisions, is_older, scratch_name
from rentomatic.use_cases.errors import RepositoryUnavailable

_Document = dict[str, Any]

_TIMEOUT_MS = 10_000
_LEFT_BEHIND = timedelta(days=1)
_NAMESPACE_EXISTS = 48
_DUPLICATE_KEY = 11000
_ATTEMPTS = 5
_WRONG_ADDRESS = "the address is wrong."

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


def upgrade(uri: str, database: str) -> Revisions:
    """Bring the database to the newest schema; safe from several processes.

    A schema that a newer program made is left as it is. Raises RepositoryUnavailable for a server that
    cannot be reached or used.
    """
    with _opened(uri, database) as opened:
        before = current(opened)
        if before is None or before < MONGO_REVISION:
            *changes, last = statements()
            for statement in changes:
                _run(opened, statement)
            # Of several processes one was first; the others find its revision.
            replaced = _run(opened, last)["value"]
            before = replaced["revision"] if replaced else None
        return before, current(opened)


@contextmanager
def scratch_database(uri: str) -> Iterator[str]:
    """The name of a new database on the server; it is dropped at the end.

    So are those of earlier processes that were killed, after a day: MongoDB has no lock that ends with its
    owner.
    """
    name = scratch_name()
    try:
        yield name
    finally:
        with _opened(uri, name) as opened:
            names = opened.client.list_database_names()
            for dropped in (name, *(other for other in names if is_older(other, _LEFT_BEHIND))):
                opened.client.drop_database(dropped)


def current(database: Database[_Document]) -> str | None:
    """The revision of a database, None where it has none."""
    document = database.schema.find_one({"_id": "room"})
    return document["revision"] if document else None


def _run(database: Database[_Document], statement: _Document) -> _Document:
    for _ in range(_ATTEMPTS):
        try:
            return dict(database.command({**statement, "writeConcern": {"w": "majority"}}))
        except OperationFailure as error:
            if error.code == _NAMESPACE_EXISTS:
                return {}
            if error.code != _DUPLICATE_KEY:  # another process wrote the first revision just now
                raise
    return {}


@contextmanager
def _opened(uri: str, database: str) -> Iterator[Database[_Document]]:
    try:
        with MongoClient[_Document](
            uri, serverSelectionTimeoutMS=_TIMEOUT_MS, connectTimeoutMS=_TIMEOUT_MS
        ) as client:
            client.admin.command("ping")
            servers = client.topology_description.server_descriptions().values()
            if any(server.server_type_name == "Standalone" for server in servers):
                raise RepositoryUnavailable(
                    "The storage is a single MongoDB server: make it a replica set, of one node if need be."
                )
            yield client.get_database(database)
    except ValueError as error:  # of a port, say
        raise RepositoryUnavailable(f"{database} cannot be migrated: {_WRONG_ADDRESS}") from error
    except PyMongoError as error:
        raise RepositoryUnavailable(f"{database} cannot be migrated: {_explained(error)}") from error


def _explained(error: PyMongoError) -> str:
    """What went wrong, without the address, which may hold a password."""
    if isinstance(error, OperationFailure) and error.details:
        return str(error.details.get("errmsg", "the server refuses it."))
    if isinstance(error, ConnectionFailure):
        return "the server cannot be reached."
    return _WRONG_ADDRESS if isinstance(error, ConfigurationError) else "the server cannot be used."
