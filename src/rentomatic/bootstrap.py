"""The composition root: settings to repository to application.

What only one storage needs is imported where that storage is chosen: the command line starts at once.
"""

import json
import logging.config
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rentomatic.repository.backups import newest_backup
from rentomatic.repository.folders import held_folder
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.mongo.schema import MONGO_REVISION
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.schema import Revisions, require_revision
from rentomatic.repository.sqlite.files import (
    MadeMeanwhile,
    is_empty,
    is_missing,
    new_file,
    require_no_earlier_logs,
)
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.settings import (
    Database,
    MemoryDatabase,
    MongoDatabase,
    PostgresDatabase,
    Settings,
    SettingsError,
    SqliteDatabase,
    read_settings,
)
from rentomatic.use_cases.errors import Problem, RepositoryUnavailable
from rentomatic.use_cases.ports import Pooled, RoomRepository
from rentomatic.web.access.keys import Keys
from rentomatic.web.app import create_app
from rentomatic.web.limits.turns import App
from rentomatic.web.limits.visitors import Proxies
from rentomatic.web.pages.tiles import Tiles
from rentomatic.web.telemetry.logs import logging_configuration, open_to_append

if TYPE_CHECKING:
    from rentomatic.web.telemetry.metrics import Metrics


def application() -> App:
    """The web application of the environment's settings, as a WSGI server loads it."""
    settings = read_settings(os.environ)
    require_audit_log(settings)
    logging.config.dictConfig(logging_configuration(settings.log_level, settings.audit_log))
    repository = open_repository(settings)
    keys = Keys(settings.api_keys)
    metrics = _metrics(settings, repository)
    tiles = Tiles(settings.tiles, settings.tiles_attribution)
    return create_app(
        repository,
        settings.threads,
        metrics,
        keys,
        settings.cors_origins,
        tiles,
        settings.export_timeout,
        settings.read_timeout,
        Proxies(settings.trusted_proxies),
    )


def require_audit_log(settings: Settings) -> None:
    """Make the file of the audit log, unless it is there. Raises SettingsError where it cannot be written."""
    if settings.audit_log is None:
        return
    try:
        os.close(open_to_append(settings.audit_log))
    except OSError as error:
        message = f"names {settings.audit_log}, which cannot be written: {error.strerror}"
        raise SettingsError([Problem("RENTOMATIC_AUDIT_LOG", message)]) from error


def _metrics(settings: Settings, repository: RoomRepository) -> "Metrics":
    from rentomatic.web.telemetry.metrics import Metrics, Sources  # only in workers, see there

    def taken() -> datetime | None:
        newest = newest_backup(settings.backup_directory)
        return newest.taken if newest else None

    return Metrics(
        Sources(
            repository=repository,
            storage=type(settings.database).__name__.removesuffix("Database").lower(),
            pool=repository.pool_state if isinstance(repository, Pooled) else None,
            newest_backup=taken,
        )
    )


def open_repository(settings: Settings) -> RoomRepository:
    """The repository of the settings, which connects when it is first used.

    An SQLite file that is missing is created. One that exists but is empty held rooms once, and is refused
    when it is used. A server's schema is left as it is.
    """
    match settings.database:
        case MemoryDatabase():
            return MemRepo()
        case SqliteDatabase(path):
            if is_missing(path):
                migrate(settings.database)
            return SqliteRepo(path, SQLITE_REVISION, settings.statement_timeout)
        case PostgresDatabase(conninfo=conninfo):
            from rentomatic.repository.postgres.repository import PostgresRepo

            return PostgresRepo(
                conninfo,
                POSTGRES_REVISION,
                statement_timeout=settings.statement_timeout,
                connect_timeout=settings.connect_timeout,
                pool_timeout=settings.pool_timeout,
                pool_size=settings.pool_size,
                prepare=settings.prepared_statements,
            )
        case MongoDatabase(uri=uri, name=name):
            from rentomatic.repository.mongo.repository import MongoRepo

            return MongoRepo(
                uri,
                name,
                MONGO_REVISION,
                statement_timeout=settings.statement_timeout,
                connect_timeout=settings.connect_timeout,
                pool_size=settings.pool_size,
            )


def open_existing(settings: Settings) -> RoomRepository:
    """The repository of the settings, where reading from one that is not there yet makes no sense.

    Raises RepositoryUnavailable for an SQLite file that is missing, and does not make it.
    """
    match settings.database:
        case SqliteDatabase(path) if is_missing(path):
            raise RepositoryUnavailable(f"There is no {path} yet: run `rentomatic migrate`.")
        case _:
            return open_repository(settings)


def open_to_restore(settings: Settings) -> RoomRepository:
    """The repository of the settings, to restore a backup into: an empty SQLite file gets its schema."""
    match settings.database:
        case SqliteDatabase(path) if is_empty(path):
            migrate(settings.database)
    return open_repository(settings)


@contextmanager
def new_sqlite_file(path: Path) -> Iterator[Path]:
    """As `repository.sqlite.new_file`, also with RepositoryUnavailable for a folder that is missing."""
    _require_directory(path)
    with new_file(path) as unfinished:
        yield unfinished


def can_write(settings: Settings) -> bool:
    """Whether an SQLite file can be written to. Other storages say so only when they are written to."""
    match settings.database:
        case SqliteDatabase(path):
            with closing(SqliteRepo(path, SQLITE_REVISION, settings.statement_timeout)) as repository:
                return repository.can_write()
        case _:
            return True


def revision(database: Database) -> str | None:
    """The schema that this program needs there, None where there is none."""
    match database:
        case MemoryDatabase():
            return None
        case SqliteDatabase():
            return SQLITE_REVISION
        case PostgresDatabase():
            return POSTGRES_REVISION
        case MongoDatabase():
            return MONGO_REVISION


def migrate(database: Database) -> Revisions:
    """Bring the schema up to date; one that is newer, but can be used, is left as it is.

    Raises RepositoryUnavailable where the storage cannot be reached or is too new.
    """
    before, after = _migrated(database)
    if needed := revision(database):
        require_revision(after, needed)
    return before, after


def _migrated(database: Database) -> Revisions:
    match database:
        case MemoryDatabase():
            return None, None
        case SqliteDatabase(path):
            from rentomatic.repository.sqlite import (
                migrate as sqlite_schema,  # Alembic takes a third of a second to import
            )

            if is_missing(path):
                with suppress(MadeMeanwhile), new_sqlite_file(path) as unfinished:
                    return sqlite_schema.upgrade(unfinished)
            require_no_earlier_logs(path)
            return sqlite_schema.upgrade(path)
        case PostgresDatabase(conninfo=conninfo):
            from rentomatic.repository.postgres import migrate as postgres_schema

            return postgres_schema.upgrade(_for_changes(conninfo))
        case MongoDatabase(uri=uri, name=name):
            from rentomatic.repository.mongo import migrate as mongo_schema

            return mongo_schema.upgrade(uri, name)


def migration_text(database: Database) -> str:
    """What `migrate` would run, changing nothing: SQL, or for MongoDB one JSON command a line."""
    match database:
        case MemoryDatabase():
            return ""
        case SqliteDatabase(path):
            from rentomatic.repository.sqlite import migrate as sqlite_schema

            _require_directory(path)
            return sqlite_schema.text(path)
        case PostgresDatabase(conninfo=conninfo):
            from rentomatic.repository.postgres import migrate as postgres_schema

            return postgres_schema.text(_for_changes(conninfo))
        case MongoDatabase():
            from rentomatic.repository.mongo import schema

            return "".join(f"{json.dumps(command)}\n" for command in schema.statements())


def create_database(database: PostgresDatabase) -> bool:
    """Make the database of the rooms, still without a schema; False where it is there already."""
    from rentomatic.repository.postgres import migrate as postgres_schema

    return postgres_schema.create_database(_for_changes(database.maintenance), database.name)


@contextmanager
def scratch(settings: Settings) -> Iterator[Settings]:
    """The settings of an empty storage beside theirs, with its schema, that goes away with the context."""
    with ExitStack() as kept:
        match settings.database:
            case MemoryDatabase():
                found: Database = settings.database
            case SqliteDatabase():
                folder = kept.enter_context(held_folder("rentomatic-scratch-"))
                found = SqliteDatabase(folder / "scratch.db")
            case PostgresDatabase() as given:
                from rentomatic.repository.postgres import migrate as postgres_schema

                conninfo = _for_changes(given.conninfo)
                name = kept.enter_context(postgres_schema.scratch_database(conninfo))
                found = replace(given, name=name, conninfo=_of_database(conninfo, name))
            case MongoDatabase() as given:
                from rentomatic.repository.mongo import migrate as mongo_schema

                found = replace(given, name=kept.enter_context(mongo_schema.scratch_database(given.uri)))
        migrate(found)
        yield replace(settings, database=found)


def connections(database: PostgresDatabase) -> tuple[int, int]:
    """How many the server has for users who are no superusers, and how many machines use some now."""
    from rentomatic.repository.postgres.capacity import capacity

    found = capacity(database.conninfo)
    return found.connections, found.machines


def _of_database(conninfo: str, name: str) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(conninfo, dbname=name)


def _for_changes(conninfo: str) -> str:
    """The same servers, but of several the one that can be written to, not a standby."""
    from psycopg.conninfo import make_conninfo

    return make_conninfo(conninfo, target_session_attrs="read-write")


def _require_directory(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise RepositoryUnavailable(f"There is no directory {path.absolute().parent} for {path.name}.")
