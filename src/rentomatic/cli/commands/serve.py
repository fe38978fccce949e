"""The command `serve`."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import click

from rentomatic import bootstrap
from rentomatic.cli.options import naming, repository
from rentomatic.cli.waiting import wait_for_storage
from rentomatic.domain.quoting import counted
from rentomatic.repository.backend import InFile, MadeMeanwhile
from rentomatic.sample_rooms import sample_rooms
from rentomatic.server.listeners import CannotListen, require_free
from rentomatic.server.serving import READER_TIMEOUT, Serving, let_new_workers_be_stopped, metrics_directory
from rentomatic.settings import Settings, SettingsError, read_settings
from rentomatic.use_cases.errors import Problem, RentomaticError
from rentomatic.use_cases.import_rooms import import_rooms

_log = logging.getLogger("rentomatic.serve")


@click.command
@click.option("--host", help="The address to listen on (RENTOMATIC_HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on (RENTOMATIC_PORT).")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes (RENTOMATIC_WORKERS).")
@click.option("--sample", "with_sample", is_flag=True, help="Load sample rooms into a new SQLite file.")
def serve(host: str | None, port: int | None, workers: int | None, with_sample: bool) -> None:
    """Serve the page and the API.

    \b
    Examples:
      rentomatic serve
      DATABASE_URL=sqlite:////var/lib/rentomatic/rooms.db rentomatic serve --host 0.0.0.0 --workers 2
    """
    signal.signal(signal.SIGTERM, _stop)  # else the first process of a container would ignore it
    settings = read_settings(os.environ)
    serving = Serving(
        target="rentomatic.bootstrap:application",
        host=host or settings.host,
        port=port or settings.port,
        workers=workers or settings.workers,
        threads=settings.threads,
        lifetime=settings.worker_lifetime,
        reader_timeout=min(READER_TIMEOUT, settings.export_timeout),
        may_replace=_workers_can_start,
        log_level=settings.log_level,
    )
    run = _server(settings.server)
    with _port_as_error():
        require_free(serving.host, serving.port)
    bootstrap.require_audit_log(settings)
    _prepare(settings, with_sample)
    name = "localhost" if serving.host == "127.0.0.1" else serving.host
    click.echo(f"Rent-o-matic is listening on http://{name}:{serving.port}", err=True)
    let_new_workers_be_stopped()
    with metrics_directory(), _port_as_error():  # another server may have been started at the same time
        _serve(run, serving, settings)


def _serve(run: Callable[[Serving], None], serving: Serving, settings: Settings) -> None:
    """Serve until a signal to stop, then say so."""
    maker = os.getpid()
    try:
        run(serving)
    except SystemExit as end:  # gunicorn ends like this, and so do its workers, which were forked here
        if end.code or os.getpid() != maker:
            raise
    _leave_one_file(settings)
    click.echo("Rent-o-matic has stopped.", err=True)


def _leave_one_file(settings: Settings) -> None:
    """Close a file once more: of workers that close it at one moment, none is the last one for SQLite."""
    if isinstance(settings.database, InFile):
        with suppress(RentomaticError), repository(settings) as rooms:
            rooms.ping()


@contextmanager
def _port_as_error() -> Iterator[None]:
    """Refuse a port that is taken: servers sharing it would answer in turn."""
    try:
        yield
    except CannotListen as error:
        raise click.ClickException(str(error)) from error


def _workers_can_start() -> bool:
    """Whether the settings, some of which are in files, are still valid for a new worker."""
    try:
        bootstrap.require_audit_log(read_settings(os.environ))
    except SettingsError as error:
        _log.error("No worker was replaced; the previous settings stay in use: %s", error)
        return False
    return True


def _stop(signum: int, frame: object) -> None:
    """Exit at once: nothing has been served yet. The servers set their own handlers later."""
    sys.exit(0)


def _server(name: str) -> Callable[[Serving], None]:
    """Return the function that runs the server of that name; importing one would slow other commands."""
    import rentomatic.web.app  # noqa: F401 - workers are forks: they share what is imported here

    if name == "granian":
        from rentomatic.server import granian

        return granian.run
    try:
        from rentomatic.server import gunicorn
    except ModuleNotFoundError as error:
        wanted = "must be granian: gunicorn is not installed (pip install 'rentomatic[gunicorn]')"
        raise SettingsError([Problem("RENTOMATIC_SERVER", wanted)]) from error
    return gunicorn.run


def _prepare(settings: Settings, with_sample: bool) -> None:
    """Check the storage before the workers open it, so that problems are reported at once."""
    storage = settings.database
    if with_sample and isinstance(storage, InFile) and storage.is_missing():
        _make_sample_file(settings, storage)
    if settings.static_directory is not None:
        _publish_static_files(settings.static_directory)
    if settings.photos is not None and (problem := bootstrap.problem_of_photos(settings.photos)):
        click.echo(f"Warning: RENTOMATIC_PHOTOS: {problem}; no photo is served from there.", err=True)
    wait_for_storage(settings)


def _publish_static_files(directory: Path) -> None:
    """Copy the files, or say why not: the reverse proxy then gets them from this server."""
    from rentomatic.server.static_copies import publish

    try:
        publish(directory)
    except OSError as error:
        click.echo(
            f"Warning: RENTOMATIC_STATIC_DIRECTORY: cannot write {directory}: {error.strerror}", err=True
        )


def _make_sample_file(settings: Settings, storage: InFile) -> None:
    """Create a file with sample rooms, named only when complete, unless another process was first."""
    with naming(settings.database), suppress(MadeMeanwhile):
        with (
            storage.new() as unfinished,
            repository(replace(settings, database=unfinished), bootstrap.open_repository) as rooms,
        ):
            done = import_rooms(rooms, sample_rooms())
        click.echo(f"Loaded {counted(done.counts.added, 'sample room')} into {storage.path}.", err=True)
