"""Migrates a database of MongoDB; safe to run from several processes at once."""

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

from rentomatic.repository.mongo.pending import write_words
from rentomatic.repository.mongo.schema import MONGO_REVISION, statements
from rentomatic.repository.schema import Revisions, Told, to_nobody
from rentomatic.repository.scratch import is_older, scratch_name
from rentomatic.use_cases.errors import RepositoryUnavailable

_Document = dict[str, Any]

_TIMEOUT_MS = 10_000
_LEFT_BEHIND = timedelta(days=1)
_NAMESPACE_EXISTS = 48
_DUPLICATE_KEY = 11000
_ATTEMPTS = 5
_WRONG_ADDRESS = "the address is wrong."


def upgrade(uri: str, database: str, told: Told = to_nobody) -> Revisions:
    """Bring the database to the newest schema; safe to run from several processes at once.

    Writes the words of all rooms that have none. A schema that a newer program made is left unchanged. Raises
    RepositoryUnavailable if the server cannot be reached or used.
    """
    with _opened(uri, database) as opened:
        before = current(opened)
        if before is None or before < MONGO_REVISION:
            *changes, last = statements()
            for statement in changes:
                _run(opened, statement)
            # Of several processes, one is first; the others see the revision that it wrote.
            replaced = _run(opened, last)["value"]
            before = replaced["revision"] if replaced else None
        after = current(opened)
        if after == MONGO_REVISION:
            write_words(opened.room, told)
        return before, after


@contextmanager
def scratch_database(uri: str) -> Iterator[str]:
    """Give the name of a new database on the server, and drop the database at the end.

    Databases left behind by killed processes are dropped after a day: MongoDB has no lock that ends with its
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
    """Return the revision of the database, or None."""
    document = database.schema.find_one({"_id": "room"})
    return document["revision"] if document else None


def _run(database: Database[_Document], statement: _Document) -> _Document:
    for _ in range(_ATTEMPTS):
        try:
            return dict(database.command({**statement, "writeConcern": {"w": "majority"}}))
        except OperationFailure as error:
            if error.code == _NAMESPACE_EXISTS:
                return {}
            if error.code != _DUPLICATE_KEY:  # another process has just written the first revision
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
                    "The storage is a single MongoDB server: make it a replica set (one node is enough)."
                )
            yield client.get_database(database)
    except ValueError as error:  # a bad port, for example
        raise RepositoryUnavailable(f"{database} cannot be migrated: {_WRONG_ADDRESS}") from error
    except PyMongoError as error:
        raise RepositoryUnavailable(f"{database} cannot be migrated: {_explained(error)}") from error


def _explained(error: PyMongoError) -> str:
    """Describe the error without the address, which may hold a password."""
    if isinstance(error, OperationFailure) and error.details:
        return str(error.details.get("errmsg", "the server refuses it."))
    if isinstance(error, ConnectionFailure):
        return "the server cannot be reached."
    return _WRONG_ADDRESS if isinstance(error, ConfigurationError) else "the server cannot be used."
