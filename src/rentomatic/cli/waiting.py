"""Waiting for a storage at the start: for a server that boots, or a schema that is being created."""

import time
from collections.abc import Callable

import click

from rentomatic.bootstrap import open_repository
from rentomatic.cli.options import repository
from rentomatic.settings import Settings
from rentomatic.use_cases.errors import RepositoryUnavailable

_PAUSE = 0.5
"""Seconds between two attempts."""

_SILENCE = 5.0
"""The least seconds between two lines about the same wait."""


def wait_for_storage(settings: Settings) -> None:
    """Return when the storage answers and has the right schema.

    Raises RepositoryUnavailable if it does not within `start_timeout` of the first attempt.
    """

    def attempt() -> None:
        with repository(settings, open_repository) as rooms:
            rooms.ping()

    retry(attempt, settings.start_timeout, settings.database.label)


def retry(attempt: Callable[[], None], timeout: float, label: str) -> None:
    """Call until it succeeds, and report the wait on standard error.

    timeout: seconds after the first attempt, which may take long itself. With 0 there is only one attempt.

    Raises the RepositoryUnavailable of the last attempt.
    """
    end: float | None = None
    told: float | None = None
    while True:
        try:
            attempt()
        except RepositoryUnavailable as error:
            now = time.monotonic()
            end = now + timeout if end is None else end
            if now >= end:
                raise
            if told is None or now >= told + _SILENCE:
                begin = "Waiting" if told is None else "Still waiting"
                click.echo(
                    f"{begin} up to {end - now:.0f} s for {label}: {error.__cause__ or error}", err=True
                )
                told = now
            time.sleep(min(_PAUSE, end - now))
        else:
            return
