"""Commands that run the program: serve, migrate, doctor, sample."""

import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from rentomatic import bootstrap
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.options import repository
from rentomatic.domain.search import RoomQuery
from rentomatic.migrations import SQLITE_REVISION
from rentomatic.requests.search import Format
from rentomatic.sample_rooms import SAMPLE_SIZE, sample_rooms
from rentomatic.serializers.formats import WRITERS
from rentomatic.settings import DEFAULTS, Settings, read_settings
from rentomatic.use_cases.errors import RentomaticError, RepositoryUnavailable
from rentomatic.use_cases.import_rooms import import_rooms
from rentomatic.web.logs import logging_configuration

_STOP_TIMEOUT = 15
"""Seconds that requests in flight have after a signal to stop."""


@click.command
@click.option("--host", help="The address to listen on (RENTOMATIC_HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on (RENTOMATIC_PORT).")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes (RENTOMATIC_WORKERS).")
@click.option("--sample", "with_sample", is_flag=True, help="Load sample rooms where the SQLite file is new.")
def serve(host: str | None, port: int | None, workers: int | None, with_sample: bool) -> None:
    """Serve the page and the API.

    \b
    Examples:
      rentomatic serve
      DATABASE_URL=sqlite:////var/lib/rentomatic/rooms.db rentomatic serve --host 0.0.0.0 --workers 2
    """
    from granian.constants import Interfaces  # importing the server is not free for other commands
    from granian.log import LogLevels
    from granian.server import Server

    settings = read_settings(os.environ)
    host, port, workers = host or settings.host, port or settings.port, workers or settings.workers
    _require_free_port(host, port)
    _prepare(settings, with_sample)
    click.echo(
        f"Rent-o-matic listens on http://{'localhost' if host == '127.0.0.1' else host}:{port}", err=True
    )
    Server(
        "rentomatic.bootstrap:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=settings.threads,
        backpressure=4 * settings.threads,
        websockets=False,
        workers_kill_timeout=_STOP_TIMEOUT,
        respawn_failed_workers=True,
        log_level=LogLevels(settings.log_level),
        log_dictconfig=logging_configuration(settings.log_level),
    ).serve()


def _require_free_port(host: str, port: int) -> None:
    """Refuse a port that is taken: servers that share one would answer by turns."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host} port {port}: {error.strerror}") from error


def _prepare(settings: Settings, with_sample: bool) -> None:
    """Open the storage once before the workers do, so that what is wrong is said at once."""
    if with_sample and settings.database.storage == "sqlite" and not settings.database.path.exists():
        _make_sample_file(settings)
    rooms = bootstrap.open_repository(settings)
    try:
        rooms.ping()
    finally:
        rooms.close()


def _make_sample_file(settings: Settings) -> None:
    """A file with sample rooms, which takes its name only when it is whole."""
    path = settings.database.path
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    rooms = bootstrap.open_repository(replace(settings, database=replace(settings.database, path=unfinished)))
    try:
        done = import_rooms(rooms, sample_rooms())
        rooms.close()  # which brings the write-ahead log home
        unfinished.replace(path)
    finally:
        rooms.close()
        for left in path.parent.glob(f"{unfinished.name}*"):
            left.unlink()
    click.echo(f"Loaded {done.counts.added:,} sample rooms into {path}.", err=True)


@click.command
def migrate() -> None:
    """Bring the schema of the storage up to date.

    \b
    Example:
      DATABASE_URL=sqlite:///rooms.db rentomatic migrate
    """
    before, after = bootstrap.migrate(read_settings(os.environ))
    if after is None:
        click.echo("This storage has no schema.")
    elif before == after:
        click.echo(f"The schema is {after}, as it should be.")
    else:
        click.echo(f"The schema was {before or 'empty'} and is now {after}.")


@click.command
@click.option("--count", type=click.IntRange(0), default=SAMPLE_SIZE, show_default=True, help="How many.")
@click.option(
    "--format",
    "format_",
    type=click.Choice([str(notation) for notation in Format]),
    default=str(Format.CSV),
    show_default=True,
)
def sample(count: int, format_: str) -> None:
    """Write made-up rooms around London, the same on every machine.

    \b
    Examples:
      rentomatic sample | rentomatic import -
      rentomatic sample --count 1000000 > million.csv
    """
    sys.stdout.buffer.writelines(WRITERS[Format(format_)].write(sample_rooms(count), None))
    sys.stdout.buffer.flush()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: whether it is as it should be, and the facts."""

    good: bool
    facts: str


@click.command
def doctor() -> int:
    """Check the machine, the configuration and the storage; exit code 1 if something is wrong.

    \b
    Example:
      rentomatic doctor
    """
    checks: dict[str, Callable[[], Finding]] = {
        "Python": _python,
        "SQLite": _sqlite,
        "variables": _variables,
        "storage": _storage,
        "disk": _disk,
    }
    table = Table("check", "", "found", box=box.SIMPLE_HEAD)
    healthy = True
    for name, check in checks.items():
        try:
            finding = check()
        except RentomaticError as error:
            finding = Finding(False, str(error))
        healthy = healthy and finding.good
        table.add_row(name, "[green]good[/]" if finding.good else "[red]wrong[/]", finding.facts)
    Console(highlight=False).print(table)
    return DONE if healthy else FAILED


def _python() -> Finding:
    return Finding(sys.version_info >= (3, 11), f"{sys.version.split()[0]}, 3.11 or newer is needed")


def _sqlite() -> Finding:
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    connection.close()
    good = sqlite3.sqlite_version_info >= (3, 37) and "ENABLE_RTREE" in options
    return Finding(good, f"{sqlite3.sqlite_version}, 3.37 or newer with R*Tree is needed")


def _variables() -> Finding:
    read_settings(os.environ)
    known = {name + suffix for name in DEFAULTS for suffix in ("", "_FILE")}
    unknown = sorted(n for n in os.environ if n.startswith("RENTOMATIC_") and n not in known)
    return Finding(not unknown, f"unknown: {', '.join(unknown)}" if unknown else "all are understood")


def _storage() -> Finding:
    settings = read_settings(os.environ)
    path = settings.database.path
    if settings.database.storage == "sqlite" and not path.exists():
        raise RepositoryUnavailable(f"There is no {path} yet: run `rentomatic migrate`.")
    with repository() as rooms:
        rooms.ping()
        count = rooms.count(RoomQuery())
    schema = f", schema {SQLITE_REVISION}" if settings.database.storage == "sqlite" else ""
    return Finding(True, f"{settings.database.storage}{schema}, {count:,} rooms")


def _disk() -> Finding:
    path = read_settings(os.environ).database.path.absolute()
    free = shutil.disk_usage(path.parent if path.parent.exists() else Path("/")).free
    return Finding(free > 1 << 30, f"{free / 1e9:,.1f} GB free, at least 1 GiB is wanted")
