"""The entry point: the group of commands, and the handling of their errors."""

import os
import re
import sys
from inspect import cleandoc
from io import StringIO, TextIOWrapper

import click

from rentomatic import __version__
from rentomatic.cli import errors
from rentomatic.cli.commands.add import add
from rentomatic.cli.commands.backup import backup
from rentomatic.cli.commands.copy import copy
from rentomatic.cli.commands.doctor import doctor
from rentomatic.cli.commands.export import export
from rentomatic.cli.commands.import_ import import_
from rentomatic.cli.commands.make_key import make_key
from rentomatic.cli.commands.migrate import init_postgres, migrate
from rentomatic.cli.commands.remove import remove
from rentomatic.cli.commands.restore import restore
from rentomatic.cli.commands.sample import sample
from rentomatic.cli.commands.search import search
from rentomatic.cli.commands.serve import serve
from rentomatic.cli.commands.show import show
from rentomatic.cli.commands.summary import summary
from rentomatic.domain.quoting import visible
from rentomatic.settings import program_name, stack_name
from rentomatic.use_cases.errors import RentomaticError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rentomatic")
def cli() -> None:
    """Find rooms for rent, load listings and serve them.

    The rooms are where DATABASE_URL says: memory:, sqlite:///relative.db (sqlite:///rentomatic.db
    unless you set it), sqlite:////absolute.db, postgresql://… or mongodb://….

    \b
    Examples:
      rentomatic import rooms.csv
      rentomatic search price__lt=60 --near 51.51,-0.12 --radius 2000
      rentomatic serve

    Exit codes: 0 done, 1 failed, 2 bad usage or parameters, 3 not found, 4 storage away,
    130 interrupted.
    """


ON_A_STORAGE = (search, show, add, remove, import_, export, summary, backup, restore, migrate, doctor)
"""Commands that act on the environment's storage, inside or outside the production stack."""

for command in (*ON_A_STORAGE, copy, init_postgres, serve, make_key, sample):
    cli.add_command(command)

_HELP = {command: cleandoc(command.callback.__doc__ or "") for command in (cli, *cli.commands.values())}

_TYPED = re.compile(rf"\brentomatic (?=({'|'.join(cli.commands)})\b)")
"""The name of the program in help texts."""

_OUTSIDE = (
    "Acts on the storage that DATABASE_URL names (default: sqlite:///rentomatic.db). "
    "On the production stack: ./manage.py stack {}"
)
_IN_THE_STACK = "Acts on the production stack {}."


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without m² shows m?
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    stack, program = stack_name(os.environ), program_name(os.environ)
    for command in ON_A_STORAGE if stack else _HELP:
        command.help = _TYPED.sub(lambda _: f"{program} ", _HELP[command])
    for command in ON_A_STORAGE:
        command.epilog = _IN_THE_STACK.format(stack) if stack else _OUTSIDE.format(command.name)
    try:
        code = cli.main(arguments, prog_name=program, standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else errors.DONE
    except RentomaticError as error:
        return errors.report(error)
    except click.ClickException as error:
        told = StringIO()
        error.show(told)
        click.echo(visible(told.getvalue(), keep="\n"), err=True, nl=False)  # it may quote what was typed
        return error.exit_code
    except OSError as error:  # a file that cannot be written, a full disk
        click.echo(f"Error: {error}", err=True)
        return errors.FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return 130
