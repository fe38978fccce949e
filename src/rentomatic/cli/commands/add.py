"""The command `add`."""

import click

from rentomatic.cli.confirm import announced_settings
from rentomatic.cli.options import repository
from rentomatic.requests.room import room_of_texts
from rentomatic.use_cases.add_room import add_room


@click.command
@click.option("--code", help="1 to 36 letters, digits or . _ ~ -; a UUID unless given.")
@click.option("--size", metavar="M2", help="Whole square metres; not stated unless given.")
@click.option("--price", metavar="PRICE", required=True, help="Whole currency units per day.")
@click.option("--latitude", metavar="DEGREES", required=True, help="Degrees north, those south negative.")
@click.option("--longitude", metavar="DEGREES", required=True, help="Degrees east, those west negative.")
def add(**texts: str | None) -> None:
    """Add one room. One whose code is taken is left as it is; `import` replaces rooms.

    \b
    Examples:
      rentomatic add --code flat-7 --size 20 --price 60 --latitude 51.512 --longitude -0.123
      rentomatic add --price 45 --latitude 51.5 --longitude 0
    """
    room = room_of_texts({name: text for name, text in texts.items() if text is not None})
    with repository(announced_settings()) as rooms:
        add_room(rooms, room)
    click.echo(f"Added {room.code}.")
