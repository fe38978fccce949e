"""Creates databases of PostgreSQL and applies revisions.

Every function raises RepositoryUnavailable if the server cannot be reached. A schema that a newer program
made, unknown to this one, is left unchanged.
"""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from rentomatic.repository.postgres.locks import bound_waits, only_migration, persistently
from rentomatic.repository.postgres.pending import write_all_words
from rentomatic.repository.revisions.scripts import Scripts, current
from rentomatic.repository.schema import Revisions, Told
from rentomatic.repository.scratch import is_older, scratch_name
from rentomatic.use_cases.errors import RepositoryUnavailable

_SCRIPTS = Scripts(Path(__file__).parent / "migrations", "postgresql")
_CONNECT_TIMEOUT = 10

_THEN = "-- Then run `rentomatic migrate`, which stores the words of rooms that have none.\n\n"

_UNTIL_HELD = timedelta(minutes=1)
"""A process that has just created a scratch database may not have connected to it yet."""


def upgrade(conninfo: str, revision: str = "head") -> Revisions:
    """Bring the database, which must exist, to the revision; safe to run from several processes at once.

    Locks nothing if there is nothing to do.
    """
    with _connected(conninfo) as connection:
        before = _current_alone(connection)
        if not _SCRIPTS.steps(before, revision):
            return before, before
        connect = partial(_connect, conninfo)
        with only_migration(connect):
            before = _current_alone(connection)  # again: another migration may have finished meanwhile
            for step in _SCRIPTS.steps(before, revision):
                persistently(partial(_SCRIPTS.upgrade, connection, step), connection, connect)
            return before, _current_alone(connection)


def write_pending(conninfo: str, told: Told) -> None:
    """Write the words of the rooms that somebody else wrote, if this user may and nobody locks the table.

    Needs the newest revision.
    """
    unless = (errors.LockNotAvailable, errors.InsufficientPrivilege)
    try:
        with suppress(*unless), closing(_connect(conninfo)) as connection:
            write_all_words(connection, told)
    except psycopg.Error as error:
        raise RepositoryUnavailable(f"The words of rooms cannot be written: {_reason(error)}") from error


def downgrade(conninfo: str, revision: str) -> None:
    """Take the database back to the revision; `base` means an empty database."""
    connect = partial(_connect, conninfo)
    with _connected(conninfo) as connection, only_migration(connect):
        persistently(partial(_SCRIPTS.downgrade, connection, revision), connection, connect)


def text(conninfo: str) -> str:
    """Return the SQL that would bring the schema up to date, without running it."""
    with _connected(conninfo) as connection:
        script = _SCRIPTS.text(_current_alone(connection))
    return f"{script}{_THEN}" if script else script


def create_database(conninfo: str, name: str) -> bool:
    """Create a database on the server of `conninfo`; return False if it exists already."""
    try:
        with closing(_connect(conninfo, autocommit=True)) as connection:
            # Check first: without the permission to create databases, one that exists is still fine.
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return False
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except (errors.DuplicateDatabase, errors.UniqueViolation):  # UniqueViolation: created by two at once
        return False
    except psycopg.Error as error:
        raise RepositoryUnavailable(f"The database {name} cannot be created: {_reason(error)}") from error
    return True


@contextmanager
def scratch_database(conninfo: str) -> Iterator[str]:
    """Give the name of a new database on the server of `conninfo`, and drop the database at the end.

    A connection to it stays open meanwhile and ends with this process, however it ends. So a scratch database
    without connections was left behind by a killed process: such databases are dropped first.
    """
    _drop_left_behind(conninfo)
    name = scratch_name()
    try:
        create_database(conninfo, name)
        with _held(conninfo, name):
            yield name
    finally:
        _drop(conninfo, name)


@contextmanager
def _held(conninfo: str, name: str) -> Iterator[None]:
    try:
        connection = _connect(make_conninfo(conninfo, dbname=name), autocommit=True)
    except psycopg.Error as error:
        raise RepositoryUnavailable(f"The database {name} cannot be used: {_reason(error)}") from error
    with closing(connection):
        yield


def _drop(conninfo: str, name: str) -> None:
    try:
        with closing(_connect(conninfo, autocommit=True)) as connection:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(statement.format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise RepositoryUnavailable(f"The database {name} cannot be dropped: {_reason(error)}") from error


_UNUSED = """
    SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = current_user
        AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pg_stat_activity.datname = pg_database.datname)
"""


def _drop_left_behind(conninfo: str) -> None:
    """Drop the unused scratch databases. If that fails, the next process tries again."""
    with suppress(psycopg.Error), closing(_connect(conninfo, autocommit=True)) as connection:
        names = [row[0] for row in connection.execute(_UNUSED).fetchall()]
        for name in (name for name in names if is_older(name, _UNTIL_HELD)):
            # Without FORCE, PostgreSQL refuses to drop a database that a process has connected to meanwhile.
            with suppress(errors.ObjectInUse):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _current_alone(connection: Connection) -> str | None:
    """Return the revision of a database, read in a separate transaction."""
    with connection.begin():
        return current(connection)


@contextmanager
def _connected(conninfo: str) -> Iterator[Connection]:
    """Give a connection, outside a transaction, whose waits for locks are limited."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: _connect(conninfo), poolclass=NullPool)
    bound_waits(engine)
    try:
        with engine.connect() as connection:
            yield connection
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise RepositoryUnavailable(f"The database cannot be migrated: {_reason(cause)}") from error
    finally:
        engine.dispose()


def _connect(conninfo: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    ours = {"connect_timeout": _CONNECT_TIMEOUT, "application_name": "rentomatic migrate"}
    parameters: dict[str, Any] = {**ours, **conninfo_to_dict(conninfo)}
    return psycopg.connect(make_conninfo(**parameters), autocommit=autocommit)


def _reason(error: BaseException | None) -> str:
    """Return the first line of the driver's message as a sentence. It may name hosts, but no password."""
    reason = f"{str(error).strip().splitlines()[0].rstrip('.')}."
    missing = re.search(r"database .* does not exist", reason)
    return f"{reason} `rentomatic init-postgres` creates it." if missing else reason
