"""The command `add`."""

from collections.abc import Callable
from typing import TypeVar

import click

from rentomatic.bootstrap import open_repository
from rentomatic.cli.confirm import announced_settings
from rentomatic.cli.options import repository
from rentomatic.domain.fields import FIELD, FIELDS, Field
from rentomatic.requests.room import room_of_texts
from rentomatic.use_cases.add_room import add_room

Command = TypeVar("Command", bound=Callable[..., object])


def field_options(command: Command) -> Command:
    """Add an option for each field of a room."""
    for field in reversed(FIELDS):
        command = click.option(
            f"--{field.name}",
            metavar=field.name.upper(),
            required=not field.optional and field.name is not Field.CODE,
            help=_ABOUT.get(field.name, field.about)
            + _LEFT_OUT.get(field.name, " Default: unknown." * field.optional),
        )(command)
    return command


_LEFT_OUT = {Field.CODE: " Default: a new UUID."}
_ABOUT = {
    Field.PRICE: "Whole currency units, per day unless RENTOMATIC_PRICE_PER says otherwise.",
    Field.FEATURES: f"{FIELD[Field.FEATURES].about} Separate them with commas or semicolons.",
    Field.PHOTOS: f"{FIELD[Field.PHOTOS].about} Separate them with spaces or semicolons.",
}


@click.command
@field_options
def add(**texts: str | None) -> None:
    """Add one room. A room with the same code is not replaced; `import` does that.

    \b
    Examples:
      rentomatic add --code flat-7 --size 20 --price 60 --latitude 51.512 --longitude -0.123
      rentomatic add --price 45 --latitude 51.5 --longitude 0
    """
    room = room_of_texts({name: text for name, text in texts.items() if text is not None})
    with repository(announced_settings(), open_repository) as rooms:
        add_room(rooms, room)
    click.echo(f"Added {room.code}.")
