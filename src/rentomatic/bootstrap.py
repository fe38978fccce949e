"""The composition root: from settings to repository to application.

The web application is imported only where it is created: without it other commands start in half the time.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rentomatic.repository.backend import Backend, InFile, require_directory_of
from rentomatic.repository.backups import newest_backup
from rentomatic.repository.schema import Revisions, Told, require_revision, to_nobody
from rentomatic.settings import Settings, SettingsError, read_settings
from rentomatic.use_cases.errors import Problem, RepositoryUnavailable
from rentomatic.use_cases.ports import Pooled, RoomRepository

if TYPE_CHECKING:
    from rentomatic.web.limits.turns import App
    from rentomatic.web.telemetry.metrics import Metrics


def application() -> "App":
    """Return the web application for the environment's settings, as a WSGI server loads it."""
    import logging.config

    from rentomatic.web.access.keys import Keys
    from rentomatic.web.app import create_app
    from rentomatic.web.http.photos import PhotoFolder
    from rentomatic.web.limits.tuning import Tuning
    from rentomatic.web.limits.visitors import Proxies
    from rentomatic.web.pages.photos import Photos
    from rentomatic.web.pages.tiles import Tiles
    from rentomatic.web.telemetry.logs import logging_configuration

    settings = read_settings(os.environ)
    require_audit_log(settings)
    logging.config.dictConfig(logging_configuration(settings.log_level, settings.audit_log))
    repository = open_repository(settings)
    _at_the_end(repository.close)
    keys = Keys(settings.api_keys)
    metrics = _metrics(settings, repository)
    tiles = Tiles(settings.tiles, settings.tiles_attribution)
    tuning = Tuning(
        threads=settings.threads,
        read_timeout=settings.read_timeout,
        export_timeout=settings.export_timeout,
    )
    proxies = Proxies(settings.trusted_proxies)
    folder = PhotoFolder(settings.photos) if settings.photos else None
    photos = Photos(folder, settings.photo_hosts)
    money = settings.money
    return create_app(repository, tuning, metrics, keys, settings.cors_origins, tiles, proxies, money, photos)


def problem_of_photos(folder: Path) -> str | None:
    """Return why photos in this folder cannot be served, or None."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        return f"{folder} cannot be read: {error.strerror}"
    return None


def _at_the_end(close: Callable[[], None]) -> None:
    """Call `close` when this process exits: the last process to close an SQLite file removes its log.

    `atexit` is not enough: before Python 3.13, processes started by multiprocessing, such as workers of
    granian, exit without it.
    """
    from multiprocessing.util import Finalize  # only in workers; other commands close what they open

    Finalize(None, close, exitpriority=0)


def require_audit_log(settings: Settings) -> None:
    """Create the file of the audit log if needed. Raises SettingsError if it cannot be written."""
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
    """Return the repository of the settings, for adding rooms or serving them; it connects on first use.

    A missing file is created. A file that exists but is empty lost its rooms, and is refused on first use. A
    server's schema is left unchanged.
    """
    storage = settings.database
    if isinstance(storage, InFile) and storage.is_missing():
        migrate(storage)
    return storage.open(settings.limits)


def open_existing(settings: Settings) -> RoomRepository:
    """Return the repository of the settings, for reading or changing what exists.

    Raises RepositoryUnavailable for a missing file, without creating it: its name may be mistyped.
    """
    storage = settings.database
    if isinstance(storage, InFile) and storage.is_missing():
        require_directory_of(storage.path)
        raise RepositoryUnavailable(
            f"There is no {storage.path}: check its path, or make it with `rentomatic import` or "
            "`rentomatic migrate`."
        )
    return storage.open(settings.limits)


def open_to_restore(settings: Settings) -> RoomRepository:
    """Return the repository of the settings, to restore a backup into: an empty file gets its schema."""
    storage = settings.database
    if isinstance(storage, InFile) and (storage.is_missing() or storage.is_empty()):
        migrate(storage)
    return storage.open(settings.limits)


def migrate(storage: Backend, told: Told = to_nobody) -> Revisions:
    """Bring the schema up to date; a newer one that can be used is left unchanged. told: see there.

    Raises RepositoryUnavailable if the storage cannot be reached or its schema is too new.
    """
    before, after = storage.migrate(told)
    if storage.revision:
        require_revision(after, storage.revision)
    return before, after


@contextmanager
def trial(settings: Settings) -> Iterator[Settings]:
    """Give the settings for a load that keeps nothing: of a scratch storage if the file is missing."""
    storage = settings.database
    missing = isinstance(storage, InFile) and storage.is_missing()
    with scratch(settings) if missing else nullcontext(settings) as found:
        yield found


@contextmanager
def scratch(settings: Settings) -> Iterator[Settings]:
    """Give the settings of an empty scratch storage of the same kind, with its schema."""
    with settings.database.scratch() as found:
        migrate(found)
        yield replace(settings, database=found)
