"""The command `remove`."""

import click

from rentomatic.cli.confirm import announced_settings, confirm
from rentomatic.cli.options import repository
from rentomatic.cli.tables import print_room
from rentomatic.use_cases.remove_room import remove_room
from rentomatic.use_cases.show_room import show_room


@click.command
@click.argument("code")
@click.option("--yes", is_flag=True, help="Do not ask; required without a terminal.")
def remove(code: str, yes: bool) -> None:
    """Remove one room. Shows it and asks first.

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
            print_room(shown, settings.money)
            confirm(f"This will remove {shown.code} from {settings.target}.", yes=False)
            remove_room(rooms, code, expected=lambda room: room == shown)
    click.echo(f"Removed {code}.")
