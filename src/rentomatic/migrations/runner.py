"""Applies the revisions. Apart from the package, since importing Alembic takes a third of a second.

Every function raises RepositoryUnavailable for a storage that cannot be reached or opened. A schema that
this program does not know, since a newer one made it, is left as it is.
"""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from rentomatic.migrations import Revisions, is_left_behind, scratch_name
from rentomatic.use_cases.errors import RepositoryUnavailable

_HERE = Path(__file__).parent
_LOCK_TIMEOUT = 60
"""Seconds that a migration waits for another one."""

_CONNECT_TIMEOUT = 10

_LOCK = 7_006_200_131_415
"""The advisory lock of migrations, in the database that is migrated; any number that nobody else uses."""


def upgrade_sqlite(path: Path, revision: str = "head") -> Revisions:
    """Bring the file to the revision, creating it where it is not; safe from several processes."""
    with _sqlite(path) as connection:
        return _upgrade(connection, revision)


def downgrade_sqlite(path: Path, revision: str) -> None:
    """Take the file back to the revision, `base` being an empty one."""
    with _sqlite(path) as connection:
        command.downgrade(_config("sqlite", connection=connection), revision)


def sql_for_sqlite(path: Path) -> str:
    """The SQL that would bring the file up to date. Nothing is changed or created."""
    if not path.exists():
        return _offline("sqlite", None)
    with _sqlite(path) as connection:
        return _offline("sqlite", current(connection))


def upgrade_postgres(conninfo: str, revision: str = "head") -> Revisions:
    """Bring the database, which must exist, to the revision; safe from several processes."""
    with _postgres(conninfo) as connection:
        return _upgrade(connection, revision)


def downgrade_postgres(conninfo: str, revision: str) -> None:
    """Take the database back to the revision, `base` being an empty one."""
    with _postgres(conninfo) as connection:
        command.downgrade(_config("postgresql", connection=connection), revision)


def sql_for_postgres(conninfo: str) -> str:
    """The SQL that would bring the database up to date. Nothing is changed."""
    with _postgres(conninfo) as connection:
        return _offline("postgresql", current(connection))


def create_database(conninfo: str, name: str) -> bool:
    """Create a database on the server that `conninfo` leads to; False where it is there already."""
    try:
        with closing(_connect(conninfo, autocommit=True)) as connection:
            # Asked first: whoever may not create databases may still find this one made by somebody else.
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return False
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except (errors.DuplicateDatabase, errors.UniqueViolation):  # the latter from two at once
        return False
    except psycopg.Error as error:
        raise RepositoryUnavailable(f"The database {name} cannot be created: {_reason(error)}") from error
    return True


@contextmanager
def scratch_database(conninfo: str) -> Iterator[str]:
    """The name of a new database on the server that `conninfo` leads to; it is dropped at the end.

    So are those of earlier processes that were killed.
    """
    name = scratch_name()
    try:
        create_database(conninfo, name)
        yield name
    finally:
        _drop_scratch(conninfo, name)


def _drop_scratch(conninfo: str, name: str) -> None:
    try:
        with closing(_connect(conninfo, autocommit=True)) as connection:
            names = [row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()]
            for dropped in (name, *filter(is_left_behind, names)):
                statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(statement.format(sql.Identifier(dropped)))
    except psycopg.Error as error:
        raise RepositoryUnavailable(f"The database {name} cannot be dropped: {_reason(error)}") from error


def current(connection: Connection) -> str | None:
    """The revision of a database, None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, revision: str) -> Revisions:
    config, before = _config(connection.dialect.name, connection=connection), current(connection)
    if _knows(config, before):  # else a newer program was here
        command.upgrade(config, revision)
    return before, current(connection)


def _offline(dialect: str, before: str | None) -> str:
    text = StringIO()
    config = _config(dialect, dialect=dialect)
    config.output_buffer = text
    if not _knows(config, before):
        raise RepositoryUnavailable(
            f"The schema is {before}, which this program does not know: use a newer program."
        )
    command.upgrade(config, f"{before or 'base'}:head", sql=True)
    return text.getvalue()


def _knows(config: Config, revision: str | None) -> bool:
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    return revision is None or revision in {script.revision for script in scripts}


def _config(dialect: str, /, **attributes: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(_HERE / _FOLDERS[dialect]))
    config.attributes.update(attributes)
    return config


_FOLDERS = {"sqlite": "sqlite", "postgresql": "postgres"}


@contextmanager
def _sqlite(path: Path) -> Iterator[Connection]:
    """A connection in one exclusive transaction, so that a second migration waits for the first."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _LOCK_TIMEOUT, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def use_wal(connection, record) -> None:  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def lock(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with _transaction(engine, str(path)) as connection:
        yield connection


@contextmanager
def _postgres(conninfo: str) -> Iterator[Connection]:
    """A connection in one transaction with a lock, so that a second migration waits for the first."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: _connect(conninfo), poolclass=NullPool)
    with _transaction(engine, "The database") as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        yield connection


@contextmanager
def _transaction(engine: Engine, name: str) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise RepositoryUnavailable(f"{name} cannot be migrated: {_reason(error.orig)}") from error
    finally:
        engine.dispose()


def _connect(conninfo: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    parameters: dict[str, Any] = {"connect_timeout": _CONNECT_TIMEOUT, **conninfo_to_dict(conninfo)}
    return psycopg.connect(make_conninfo(**parameters), autocommit=autocommit)


def _reason(error: BaseException | None) -> str:
    """The first line of what the driver says, as a sentence. It names hosts and users, but no password."""
    reason = f"{str(error).strip().splitlines()[0].rstrip('.')}."
    missing = re.search(r"database .* does not exist", reason)
    return f"{reason} `rentomatic init-postgres` creates it." if missing else reason
