"""What several commands share: the search options, and the repository for the time of a command."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from rentomatic.bootstrap import open_repository
from rentomatic.requests.search import AREA_PARAMETERS, FILTER_PREFIX, PAGE_PARAMETERS
from rentomatic.settings import read_settings
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository

_CONDITIONS = click.argument("conditions", nargs=-1, metavar="[FIELD__OPERATOR=VALUE]...")
_AREA_OPTIONS = (
    click.option("--near", metavar="LAT,LON", help="Measure distances from this point."),
    click.option("--radius", metavar="METRES", help="Only rooms at most this far from --near."),
    click.option("--bbox", metavar="W,S,E,N", help="Only rooms within these degrees."),
)

Command = Callable[..., Any]


def search_options(command: Command) -> Command:
    """Conditions and areas, the same for search, export and summary."""
    for option in reversed((_CONDITIONS, *_AREA_OPTIONS)):
        command = option(command)
    return command


def parameters(conditions: tuple[str, ...], **options: str | int | None) -> list[tuple[str, str]]:
    """The names and values that `parse_search` takes, from arguments such as `price__lt=60`."""
    given = []
    for condition in conditions:
        name, equals, text = condition.partition("=")
        if not equals:
            raise click.UsageError(f"{condition!r} is no condition such as price__lt=60")
        if name in (*AREA_PARAMETERS, *PAGE_PARAMETERS):
            raise click.UsageError(f"{name} is an option: --{name} {text}")
        given.append((FILTER_PREFIX + name, text))
    return given + [(name, str(text)) for name, text in options.items() if text is not None]


@contextmanager
def repository() -> Iterator[RoomRepository]:
    """The repository that the environment names, closed at the end; errors say which one it is."""
    settings = read_settings(os.environ)
    try:
        opened = open_repository(settings)
        try:
            yield opened
        finally:
            opened.close()
    except RepositoryUnavailable as error:
        raise RepositoryUnavailable(f"{error} (DATABASE_URL: {settings.database.path})") from error
