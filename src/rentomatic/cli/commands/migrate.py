"""The commands `migrate` and `init-postgres`."""

import os

import click

from rentomatic import bootstrap
from rentomatic.cli.confirm import announce, announced_settings
from rentomatic.cli.options import naming
from rentomatic.cli.progress import adding_up
from rentomatic.domain.quoting import counted
from rentomatic.repository.backend import Backend, InDatabase
from rentomatic.settings import SettingsError, read_settings
from rentomatic.use_cases.errors import Problem


@click.command
@click.option("--sql", "text_only", is_flag=True, help="Print what would be run, change nothing.")
def migrate(text_only: bool) -> None:
    """Bring the schema of the storage up to date.

    Safe to repeat, and to run from several places at once. --sql prints SQL, or one JSON command per
    line for MongoDB.

    \b
    Examples:
      DATABASE_URL=sqlite:///rooms.db rentomatic migrate
      DATABASE_URL=sqlite:///new.db rentomatic migrate --sql
    """
    settings = read_settings(os.environ)
    database = settings.database
    with naming(database):
        if not text_only:
            announce(settings)
            _migrate(database)
        elif text := database.migration_text():
            click.echo(text, nl=False)
        else:
            click.echo("There is nothing to run.", err=True)


@click.command("init-postgres")
def init_postgres() -> None:
    """Create the database and its schema in PostgreSQL. Safe to repeat.

    Connects to the database POSTGRES_DB (default: postgres) to create APPLICATION_DB
    (default: application, or the one that DATABASE_URL names).

    \b
    Example:
      DATABASE_URL=postgresql://postgres@localhost/application rentomatic init-postgres
    """
    database = announced_settings().database
    if not isinstance(database, InDatabase):
        wanted = "must be postgresql://…, or POSTGRES_HOSTNAME must be set"
        raise SettingsError([Problem("DATABASE_URL", f"{wanted}: the storage is {database.label}")])
    with naming(database):
        created = database.create()
        click.echo(f"{'Created the' if created else 'There is a'} database {database.name}.")
        _migrate(database)


def _migrate(database: Backend) -> None:
    """Migrate the storage and print what was done."""
    rooms: list[int] = []
    with adding_up("read for searches by words") as more:

        def told(number: int) -> None:
            rooms.append(number)
            more(number)

        revisions = bootstrap.migrate(database, told)
    _print_revisions(*revisions)
    if rooms:
        click.echo(f"The words of {counted(sum(rooms), 'room')} are stored now.")


def _print_revisions(before: str | None, after: str | None) -> None:
    if after is None:
        click.echo("This storage needs no schema.")
    elif before == after:
        click.echo(f"The schema is up to date ({after}).")
    else:
        click.echo(f"The schema was {before or 'empty'} and is now {after}.")
