"""Commands that change one room: add and remove."""

import click

from rentomatic.cli.confirm import announced_settings, confirm
from rentomatic.cli.options import repository
from rentomatic.cli.tables import print_table
from rentomatic.requests.room import room_of_texts
from rentomatic.use_cases.add_room import add_room
from rentomatic.use_cases.remove_room import remove_room
from rentomatic.use_cases.show_room import show_room


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


@click.command
@click.argument("code")
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
def remove(code: str, yes: bool) -> None:
    """Remove one room. It is shown first, and you are asked.

    \b
    Examples:
      rentomatic remove f853578c-fc0f-4e65-81b8-566c5dffa35a --yes
    """
    settings = announced_settings()
    with repository(settings) as rooms:
        if yes:
            remove_room(rooms, code)
        else:
            shown = show_room(rooms, code)
            print_table([shown], None)
            confirm(f"This removes {shown.code} from {settings.target}.", yes=False)
            remove_room(rooms, code, may=lambda room: room == shown)
    click.echo(f"Removed {code}.")
