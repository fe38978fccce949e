"""What several commands share: the search options, and the repository of a command."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import click

from rentomatic.bootstrap import open_existing
from rentomatic.domain.fields import MEMBERS
from rentomatic.domain.quoting import quoted
from rentomatic.repository.backend import Backend
from rentomatic.requests.search import FILTER_PREFIX, MATCH_PARAMETERS, PAGE_PARAMETERS, WORDS
from rentomatic.settings import Settings, program_name, read_settings
from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.errors import RepositoryUnavailable, StorageReadOnly
from rentomatic.use_cases.ports import RoomRepository

_CONDITIONS = click.argument("conditions", nargs=-1, metavar="[FIELD__OPERATOR=VALUE]...")
_MATCH_OPTIONS = (
    click.option(
        "--words",
        "-q",
        WORDS,
        metavar="WORDS",
        help="Only rooms that say all of these words, or longer ones.",
    ),
    click.option("--near", metavar="LAT,LON", help="Measure distances from this point."),
    click.option("--radius", metavar="METRES", help="Only rooms at most this far from --near."),
    click.option("--bbox", metavar="W,S,E,N", help="Only rooms within these degrees."),
)

Command = Callable[..., Any]

fields_option = click.option(
    "--fields", metavar="NAME,NAME", help=f"What to write of each room, of {', '.join(MEMBERS)}."
)


def search_options(command: Command) -> Command:
    """Conditions, words and areas, the same for search, export and summary."""
    for option in reversed((_CONDITIONS, *_MATCH_OPTIONS)):
        command = option(command)
    return command


def parameters(conditions: tuple[str, ...], **options: str | int | None) -> list[tuple[str, str]]:
    """Return names and values for `parse_search` from arguments such as `price__lt=60`."""
    given = []
    for condition in conditions:
        name, equals, text = condition.partition("=")
        if not (name and equals):
            raise click.UsageError(
                f"{quoted(condition)} is not a condition; write it like price__lt=60. Search for words with "
                f"{as_option(WORDS)}."
            )
        if name == WORDS:  # as in a URL
            given.append((name, text))
            continue
        if name in (*MATCH_PARAMETERS, *PAGE_PARAMETERS):
            raise click.UsageError(f"{name} is an option: --{name} {text}")
        given.append((FILTER_PREFIX + name, text))
    return given + [(name, str(text)) for name, text in options.items() if text is not None]


def as_option(parameter: str) -> str:
    """Return a search parameter as it is typed on the command line."""
    if parameter.startswith(FILTER_PREFIX):
        return parameter.removeprefix(FILTER_PREFIX)
    if parameter == WORDS:
        return "--words"
    return f"--{parameter}" if parameter.islower() else parameter


def as_command(message: str) -> str:
    """Return the message with its commands as they are typed to run this program."""
    return message.replace("`rentomatic ", f"`{program_name(os.environ)} ")


class StorageAway(RepositoryUnavailable):
    """RepositoryUnavailable for the person who runs the command, who may know which storage it is."""


@contextmanager
def naming(storage: Backend) -> Iterator[None]:
    """Add the name of the storage to errors that leave the context; the innermost context counts."""
    try:
        yield
    except StorageAway:
        raise
    except StorageReadOnly as error:
        raise error if error.where else StorageReadOnly(storage.label) from error
    except RepositoryUnavailable as error:
        raise StorageAway(f"{error} ({storage.label})") from error


def unhurried(settings: Settings) -> Budget:
    """Return the budget of a command: the storage may work until the statement time-out."""
    return Budget(settings.statement_timeout)


@contextmanager
def repository(
    settings: Settings | None = None, opened: Callable[[Settings], RoomRepository] = open_existing
) -> Iterator[RoomRepository]:
    """Give the repository of the settings, by default the environment's; close it at the end.

    opened: how to open it, see `bootstrap`. Only commands that add rooms create a missing file.
    """
    settings = settings or read_settings(os.environ)
    with naming(settings.database), closing(opened(settings)) as rooms:
        yield rooms
