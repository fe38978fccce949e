"""A start that waits for its storage: for a server that boots, or a schema that is being made."""

import time
from collections.abc import Callable

import click

from rentomatic.cli.options import repository
from rentomatic.settings import Settings
from rentomatic.use_cases.errors import RepositoryUnavailable

_PAUSE = 0.5
"""Seconds between two attempts."""

_SILENCE = 5.0
"""Seconds between two lines about the same wait, at least."""


def wait_for_storage(settings: Settings) -> None:
    """Return when the storage answers and has the right schema.

    Raises RepositoryUnavailable when it does not within `start_timeout`, at once where that is 0.
    """

    def attempt() -> None:
        with repository(settings) as rooms:
            rooms.ping()

    retry(attempt, settings.start_timeout, settings.database.label)


def retry(attempt: Callable[[], None], timeout: float, label: str) -> None:
    """Call until it succeeds or the seconds are over, and say on standard error what is waited for."""
    end, told = time.monotonic() + timeout, 0.0
    while True:
        try:
            attempt()
        except RepositoryUnavailable as error:
            now = time.monotonic()
            if now >= end:
                raise
            if now >= told + _SILENCE:
                waited = f"Still waiting up to {end - now:.0f}" if told else f"Waiting up to {timeout:.0f}"
                click.echo(f"{waited} s for {label}: {error.__cause__ or error}", err=True)
                told = now
            time.sleep(min(_PAUSE, end - now))
        else:
            return
