"""The command `show`."""

import os

import click

from rentomatic.cli.options import repository
from rentomatic.cli.tables import FORMATS, print_room, print_rooms
from rentomatic.domain.fields import MEMBERS
from rentomatic.settings import read_settings
from rentomatic.use_cases.show_room import show_room


@click.command
@click.argument("code")
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
def show(code: str, format_: str) -> None:
    """Show one room: each field that it states on a line, or in another format.

    \b
    Example:
      rentomatic show f853578c-fc0f-4e65-81b8-566c5dffa35a
    """
    settings = read_settings(os.environ)
    with repository(settings) as rooms:
        room = show_room(rooms, code)
    if format_ == "table":
        print_room(room, settings.money)
    else:
        print_rooms([room], None, format_, settings, MEMBERS)
