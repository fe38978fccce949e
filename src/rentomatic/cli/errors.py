"""The one place that maps errors to exit codes, and prints them on standard error."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from rentomatic.cli.options import as_command, as_option
from rentomatic.domain.quoting import visible
from rentomatic.listings.source import ListingError
from rentomatic.requests.narrowing import narrowing_in_words
from rentomatic.serializers.backup import BackupDamaged, BackupTooNew
from rentomatic.use_cases.copy_rooms import TargetNotEmpty
from rentomatic.use_cases.errors import (
    ConflictError,
    DocumentError,
    ParametersError,
    PreconditionFailed,
    RentomaticError,
    RepositoryUnavailable,
    ResourceError,
    StorageReadOnly,
    TooCostly,
)
from rentomatic.use_cases.import_rooms import ImportRefused, Remedy

DONE, FAILED, BAD_USAGE, NOT_FOUND, STORAGE_AWAY = range(5)

EXIT_CODES: dict[type[RentomaticError], int] = {
    BackupDamaged: FAILED,
    BackupTooNew: FAILED,
    ConflictError: FAILED,
    DocumentError: BAD_USAGE,
    ImportRefused: FAILED,
    ListingError: BAD_USAGE,
    ParametersError: BAD_USAGE,
    PreconditionFailed: FAILED,
    ResourceError: NOT_FOUND,
    RepositoryUnavailable: STORAGE_AWAY,
    StorageReadOnly: FAILED,
    TargetNotEmpty: FAILED,
    TooCostly: FAILED,
}


def report(error: RentomaticError) -> int:
    """Print the error on standard error; return its exit code."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for line in _lines(error):
        console.print(f"[red]Error:[/] {escape(visible(as_command(line)))}")
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def _lines(error: RentomaticError) -> Sequence[str]:
    if isinstance(error, ParametersError):
        return [f"{as_option(problem.parameter)}: {problem.message}" for problem in error.problems]
    if isinstance(error, ListingError):
        return [as_typed(str(error), error.remedy)]
    if isinstance(error, TooCostly):
        return [f"{error} {narrowing_in_words(error.query, as_option)}"]
    return [str(error)]


def as_typed(message: str, remedy: Remedy | None) -> str:
    """Return the message, with the option that may help."""
    return remedy.added_to(message, _phrase) if remedy else message


def _phrase(option: str, value: str) -> str:
    name = f"--{option.replace('_', '-')}"
    return name if value == "true" else f"{name} {value}"
