"""Confirmation before a command changes a storage or overwrites a file."""

import os
import sys
from pathlib import Path

import click

from rentomatic.domain.quoting import visible
from rentomatic.repository.backend import Backend, InFile
from rentomatic.settings import Settings, read_settings

yes_option = click.option(
    "--yes", is_flag=True, help="Overwrite without asking; required without a terminal."
)


class Declined(click.ClickException):
    """The answer was no."""


def announced_settings() -> Settings:
    """Return the settings of a command that changes a storage, after naming the storage on standard error."""
    settings = read_settings(os.environ)
    announce(settings)
    return settings


def announce(settings: Settings) -> None:
    """Name the storage of these settings on standard error."""
    click.echo(visible(f"Storage: {settings.target}"), err=True)


def confirm(what: str, *, yes: bool) -> None:
    """Ask the person at the terminal to agree, unless --yes was given.

    what: sentences that name what will be changed.

    Raises click.UsageError if there is no terminal, and Declined if the answer is no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"{what} Without a terminal, add --yes to do it. Nothing was changed.")
    if not click.confirm(visible(f"{what} Continue?"), err=True):
        raise Declined("Nothing was changed.")


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both paths lead to the same existing file, however they are written."""
    return one.exists() and other.exists() and one.samefile(other)


def confirm_overwriting(path: Path, storage: Backend, *, yes: bool) -> None:
    """Confirm if the content of a file would be lost; pipes and devices have none.

    Raises click.UsageError, without asking, if it is the storage's own file.
    """
    if isinstance(storage, InFile) and is_same_file(path, storage.path):
        raise click.UsageError(f"{path} is the file that stores the rooms")
    if path.is_file() and path.stat().st_size:
        confirm(f"{path} exists and will be overwritten.", yes=yes)
