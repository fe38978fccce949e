"""Applies the revisions. Apart from the package, since importing Alembic takes a third of a second.

Every function raises RepositoryUnavailable for a storage that cannot be reached or opened. A schema that
this program does not know, since a newer one made it, is left as it is.
"""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
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

from rentomatic.migrations import Revisions, is_older, scratch_name
from rentomatic.migrations.locks import PATIENCE, bound_waits, only_migration, persistently
from rentomatic.use_cases.errors import RepositoryUnavailable

_HERE = Path(__file__).parent
_CONNECT_TIMEOUT = 10

_UNTIL_HELD = timedelta(minutes=1)
"""The process that made a younger scratch database may not have connected to it yet."""


def upgrade_sqlite(path: Path, revision: str = "head") -> Revisions:
    """Bring the file to the revision, creating it where it is not; safe from several processes."""
    with _sqlite(path) as connection:
        config, before = _config("sqlite", connection=connection), current(connection)
        if _steps(config, before, revision):
            command.upgrade(config, revision)
        return before, current(connection)


def downgrade_sqlite(path: Path, revision: str) -> None:
    """Take the file back to the revision, `base` being an empty one."""
    with _sqlite(path) as connection:
        command.downgrade(_config("sqlite", connection=connection), revision)


def sql_for_sqlite(path: Path) -> str:
    """The SQL that would bring the file up to date. Nothing is changed or created."""
    if not path.exists() or not path.stat().st_size:  # connecting would write to an empty file
        return _offline("sqlite", None)
    with _sqlite(path) as connection:
        return _offline("sqlite", current(connection))


def upgrade_postgres(conninfo: str, revision: str = "head") -> Revisions:
    """Bring the database, which must exist, to the revision; safe from several processes.

    Nothing is locked where there is nothing to do.
    """
    with _postgres(conninfo) as connection:
        config, before = _config("postgresql", connection=connection), _current_alone(connection)
        if not _steps(config, before, revision):
            return before, before
        with only_migration(partial(_connect, conninfo)) as guard:
            before = _current_alone(connection)  # another migration may have been here meanwhile
            for step in _steps(config, before, revision):
                persistently(partial(command.upgrade, config, step), connection, guard)
            return before, _current_alone(connection)


def downgrade_postgres(conninfo: str, revision: str) -> None:
    """Take the database back to the revision, `base` being an empty one."""
    with _postgres(conninfo) as connection, only_migration(partial(_connect, conninfo)) as guard:
        config = _config("postgresql", connection=connection)
        persistently(partial(command.downgrade, config, revision), connection, guard)


def sql_for_postgres(conninfo: str) -> str:
    """The SQL that would bring the database up to date. Nothing is changed."""
    with _postgres(conninfo) as connection:
        return _offline("postgresql", _current_alone(connection))


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

    A connection to it is kept open meanwhile, which ends with this process, however that ends. So a scratch
    database without connections was left behind by a process that was killed: those are dropped first.
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
    """Drop the scratch databases that are not in use. Where that fails, the next process tries again."""
    with suppress(psycopg.Error), closing(_connect(conninfo, autocommit=True)) as connection:
        names = [row[0] for row in connection.execute(_UNUSED).fetchall()]
        for name in (name for name in names if is_older(name, _UNTIL_HELD)):
            # Without FORCE, PostgreSQL refuses to drop a database that a process connected to meanwhile.
            with suppress(errors.ObjectInUse):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def current(connection: Connection) -> str | None:
    """The revision of a database, None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def _current_alone(connection: Connection) -> str | None:
    """The revision of a database, read in a transaction of its own."""
    with connection.begin():
        return current(connection)


def _steps(config: Config, before: str | None, revision: str) -> list[str]:
    """The revisions that are still to be applied; none to what a newer program made."""
    if not _knows(config, before):
        return []
    scripts = ScriptDirectory.from_config(config)
    return [script.revision for script in scripts.iterate_revisions(revision, before or "base")][::-1]


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
        connect_args={"timeout": PATIENCE, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def use_wal(connection, record) -> None:  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def lock(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with _explained(engine, str(path)), engine.begin() as connection:
        yield connection


@contextmanager
def _postgres(conninfo: str) -> Iterator[Connection]:
    """A connection that is not in a transaction, and waits for no lock without a limit."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: _connect(conninfo), poolclass=NullPool)
    bound_waits(engine)
    with _explained(engine, "The database"), engine.connect() as connection:
        yield connection


@contextmanager
def _explained(engine: Engine, name: str) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise RepositoryUnavailable(f"{name} cannot be migrated: {_reason(cause)}") from error
    finally:
        engine.dispose()


def _connect(conninfo: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    ours = {"connect_timeout": _CONNECT_TIMEOUT, "application_name": "rentomatic migrate"}
    parameters: dict[str, Any] = {**ours, **conninfo_to_dict(conninfo)}
    return psycopg.connect(make_conninfo(**parameters), autocommit=autocommit)


def _reason(error: BaseException | None) -> str:
    """The first line of what the driver says, as a sentence. It names hosts and users, but no password."""
    reason = f"{str(error).strip().splitlines()[0].rstrip('.')}."
    missing = re.search(r"database .* does not exist", reason)
    return f"{reason} `rentomatic init-postgres` creates it." if missing else reason
