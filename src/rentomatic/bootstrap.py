"""The composition root: settings to repository to application.

The web application is imported where it is made: other commands start in half the time without it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from rentomatic.money import Money
from rentomatic.repository.backend import Backend, InFile
from rentomatic.repository.backups import newest_backup
from rentomatic.repository.schema import Revisions, require_revision
from rentomatic.settings import Settings, SettingsError, read_settings
from rentomatic.use_cases.errors import Problem, RepositoryUnavailable
from rentomatic.use_cases.ports import Pooled, RoomRepository

if TYPE_CHECKING:
    from rentomatic.web.limits.turns import App
    from rentomatic.web.telemetry.metrics import Metrics


def application() -> "App":
    """The web application of the environment's settings, as a WSGI server loads it."""
    import logging.config

    from rentomatic.web.access.keys import Keys
    from rentomatic.web.app import create_app
    from rentomatic.web.limits.tuning import Tuning
    from rentomatic.web.limits.visitors import Proxies
    from rentomatic.web.pages.tiles import Tiles
    from rentomatic.web.telemetry.logs import logging_configuration

    settings = read_settings(os.environ)
    require_audit_log(settings)
    logging.config.dictConfig(logging_configuration(settings.log_level, settings.audit_log))
    repository = open_repository(settings)
    keys = Keys(settings.api_keys)
    metrics = _metrics(settings, repository)
    tiles = Tiles(settings.tiles, settings.tiles_attribution)
    tuning = Tuning(
        threads=settings.threads,
        read_timeout=settings.read_timeout,
        export_timeout=settings.export_timeout,
    )
    proxies = Proxies(settings.trusted_proxies)
    money = Money(settings.prices, settings.locale)
    return create_app(repository, tuning, metrics, keys, settings.cors_origins, tiles, proxies, money)


def require_audit_log(settings: Settings) -> None:
    """Make the file of the audit log, unless it is there. Raises SettingsError where it cannot be written."""
    from rentomatic.web.telemetry.logs import open_to_append

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
            storage=settings.database.kind,
            pool=repository.pool_state if isinstance(repository, Pooled) else None,
            newest_backup=taken,
        )
    )


def open_repository(settings: Settings) -> RoomRepository:
    """The repository of the settings, which connects when it is first used.

    A file that is missing is created. One that exists but is empty held rooms once, and is refused when it is
    used. A server's schema is left as it is.
    """
    storage = settings.database
    if isinstance(storage, InFile) and storage.is_missing():
        migrate(storage)
    return storage.open(settings.limits)


def open_existing(settings: Settings) -> RoomRepository:
    """The repository of the settings, where reading from one that is not there yet makes no sense.

    Raises RepositoryUnavailable for a file that is missing, and does not make it.
    """
    storage = settings.database
    if isinstance(storage, InFile) and storage.is_missing():
        raise RepositoryUnavailable(f"There is no {storage.path} yet: run `rentomatic migrate`.")
    return storage.open(settings.limits)


def open_to_restore(settings: Settings) -> RoomRepository:
    """The repository of the settings, to restore a backup into: an empty file gets its schema."""
    storage = settings.database
    if isinstance(storage, InFile) and (storage.is_missing() or storage.is_empty()):
        migrate(storage)
    return storage.open(settings.limits)


def migrate(storage: Backend) -> Revisions:
    """Bring the schema up to date; one that is newer, but can be used, is left as it is.

    Raises RepositoryUnavailable where the storage cannot be reached or is too new.
    """
    before, after = storage.migrate()
    if storage.revision:
        require_revision(after, storage.revision)
    return before, after


@contextmanager
def scratch(settings: Settings) -> Iterator[Settings]:
    """The settings of an empty storage beside theirs, with its schema, that goes away with the context."""
    with settings.database.scratch() as found:
        migrate(found)
        yield replace(settings, database=found)
