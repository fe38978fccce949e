"""The composition root: settings to repository to application."""

import logging.config
import os
from pathlib import Path

from rentomatic.migrations import SQLITE_REVISION
from rentomatic.repository.memory import MemRepo
from rentomatic.repository.sqlite import SqliteRepo, is_fresh
from rentomatic.settings import Settings, read_settings
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.app import App, create_app
from rentomatic.web.logs import logging_configuration


def application() -> App:
    """The web application of the environment's settings, as a WSGI server loads it."""
    settings = read_settings(os.environ)
    logging.config.dictConfig(logging_configuration(settings.log_level))
    return create_app(open_repository(settings), settings.threads)


def open_repository(settings: Settings) -> RoomRepository:
    """The repository of the settings. An SQLite file that is not there yet is made."""
    if settings.database.storage == "memory":
        return MemRepo()
    path = settings.database.path
    if is_fresh(path):
        migrate(settings)
    return SqliteRepo(path, SQLITE_REVISION, settings.statement_timeout)


def migrate(settings: Settings) -> tuple[str | None, str | None]:
    """Bring the schema up to date; the revision before and after, None for no schema.

    Raises RepositoryUnavailable where the storage cannot be reached or is too new.
    """
    if settings.database.storage == "memory":
        return None, None
    from rentomatic.migrations import runner  # Alembic takes a third of a second to import

    _require_directory(settings.database.path)
    return runner.upgrade_sqlite(settings.database.path)


def _require_directory(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise RepositoryUnavailable(f"There is no directory {path.absolute().parent} for {path.name}.")
