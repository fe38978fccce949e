"""The command `search`."""

import os

import click

from rentomatic.cli.options import as_option, fields_option, parameters, repository, search_options, unhurried
from rentomatic.cli.tables import FORMATS, print_rooms
from rentomatic.domain.quoting import noun
from rentomatic.domain.search import SORTS
from rentomatic.domain.summary import Count
from rentomatic.requests import cursor as cursors
from rentomatic.requests.search import parse_search
from rentomatic.settings import read_settings
from rentomatic.use_cases.search_rooms import search_rooms


@click.command
@search_options
@click.option("--sort", metavar="ORDER", help=f"One of {', '.join(SORTS)}.")
@click.option(
    "--limit", metavar="N", type=str, default="20", show_default=True, help="Rooms on a page, 1 to 1000."
)
@click.option("--cursor", help="Where the page starts, as printed below the previous page.")
@click.option("--count", is_flag=True, help="Also count all rooms that match.")
@fields_option
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
def search(
    conditions: tuple[str, ...],
    q: str | None,
    near: str | None,
    radius: str | None,
    bbox: str | None,
    sort: str | None,
    limit: str,
    cursor: str | None,
    count: bool,
    fields: str | None,
    format_: str,
) -> None:
    """Find rooms.

    A condition is a field (code, size, price, latitude, longitude, guests, min_stay, kind,
    neighbourhood, features), two underscores and an operator (eq, ne, lt, lte, gt, gte, in; for
    kind and neighbourhood eq, ne, in; for features all). All conditions must hold. Words are found
    in titles, kinds, neighbourhoods, features and descriptions, at the beginning of a word,
    whatever their case and accents.

    \b
    Examples:
      rentomatic search price__lt=60 size__gte=20 --sort price
      rentomatic search "kind__eq=Private room" guests__gte=2
      rentomatic search features__all=Desk,Wifi --fields code,price,title
      rentomatic search --words "quiet desk" --sort price
      rentomatic search --near 51.5074,-0.1278 --radius 2000 --limit 5
      rentomatic search code__in=18674,23197 --format json
    """
    given = parameters(
        conditions,
        q=q,
        near=near,
        radius=radius,
        bbox=bbox,
        sort=sort,
        limit=limit,
        cursor=cursor,
        fields=fields,
    )
    wanted = parse_search(given, naming=as_option)
    query = wanted.query
    settings = read_settings(os.environ)
    with repository(settings) as rooms:
        found = search_rooms(rooms, query, unhurried(settings), with_total=count)
    for_people = format_ == "table"
    if found.rooms or not for_people:
        print_rooms(found.rooms, query.near, format_, settings, wanted.members)
    elif found.total is None:
        click.echo("No rooms match.")
    # A program reads only rooms from standard output.
    if count:
        click.echo(_counted(found.total), err=not for_people)
    if found.next:
        click.echo(f"Next page: --cursor {cursors.encode(query, found.next)}", err=not for_people)


def _counted(total: Count | None) -> str:
    if total is None:
        return "Could not count the matching rooms."
    return f"{total.opening} {noun(total.rooms, 'room matches', 'rooms match')}."
