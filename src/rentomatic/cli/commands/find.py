"""Commands that look at rooms one by one or at a glance: search, show, summary."""

import os
import sys
from collections.abc import Iterable

import click
from rich import box
from rich.console import Console
from rich.table import Table

from rentomatic.cli.options import as_option, parameters, repository, search_options, unhurried
from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import SORTS
from rentomatic.domain.summary import Bucket, Count, Range, Summary
from rentomatic.requests import cursor as cursors
from rentomatic.requests.search import AREA_PARAMETERS, Format, parse_search
from rentomatic.serializers import summary as summaries
from rentomatic.serializers.formats import WRITERS
from rentomatic.settings import read_settings
from rentomatic.use_cases.search_rooms import search_rooms
from rentomatic.use_cases.show_room import show_room
from rentomatic.use_cases.summarise_rooms import summarise_rooms

FORMATS = click.Choice(["table", *map(str, Format)])


@click.command
@search_options
@click.option("--sort", metavar="ORDER", help=f"One of {', '.join(SORTS)}.")
@click.option(
    "--limit", metavar="N", type=str, default="20", show_default=True, help="Rooms on a page, 1 to 1000."
)
@click.option("--cursor", help="Where the page before said that the next one starts.")
@click.option("--count", is_flag=True, help="Also count all rooms that match.")
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
def search(
    conditions: tuple[str, ...],
    near: str | None,
    radius: str | None,
    bbox: str | None,
    sort: str | None,
    limit: str,
    cursor: str | None,
    count: bool,
    format_: str,
) -> None:
    """Find rooms.

    A condition is a field (code, size, price, latitude, longitude), two underscores and an
    operator (eq, ne, lt, lte, gt, gte, in). All conditions must hold.

    \b
    Examples:
      rentomatic search price__lt=60 size__gte=20 --sort price
      rentomatic search --near 51.5074,-0.1278 --radius 2000 --limit 5
      rentomatic search code__in=18674,23197 --format json
    """
    given = parameters(conditions, near=near, radius=radius, bbox=bbox, sort=sort, limit=limit, cursor=cursor)
    query = parse_search(given, naming=as_option).query
    settings = read_settings(os.environ)
    with repository(settings) as rooms:
        found = search_rooms(rooms, query, unhurried(settings), with_total=count)
    for_people = format_ == "table"
    if not for_people:
        sys.stdout.buffer.writelines(WRITERS[Format(format_)].write(found.rooms, query.near))
        _end_line(format_)
    elif found.rooms:
        print_table(found.rooms, query.near)
    else:
        click.echo("No room matches.")
    # A program reads rooms from standard output and nothing else.
    if count:
        click.echo(_counted(found.total), err=not for_people)
    if found.next:
        click.echo(f"More follow: --cursor {cursors.encode(query, found.next)}", err=not for_people)


@click.command
@click.argument("code")
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
def show(code: str, format_: str) -> None:
    """Show one room.

    \b
    Example:
      rentomatic show f853578c-fc0f-4e65-81b8-566c5dffa35a
    """
    with repository() as rooms:
        room = show_room(rooms, code)
    if format_ == "table":
        print_table([room], None)
    else:
        sys.stdout.buffer.writelines(WRITERS[Format(format_)].write([room], None))
        _end_line(format_)


@click.command
@search_options
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def summary(
    conditions: tuple[str, ...], near: str | None, radius: str | None, bbox: str | None, format_: str
) -> None:
    """Count rooms, with their range of prices and sizes.

    \b
    Examples:
      rentomatic summary
      rentomatic summary size__gte=20 --near 51.5074,-0.1278 --radius 2000
    """
    given = parameters(conditions, near=near, radius=radius, bbox=bbox)
    query = parse_search(given, AREA_PARAMETERS, as_option).query
    settings = read_settings(os.environ)
    with repository(settings) as rooms:
        found = summarise_rooms(rooms, query, unhurried(settings))
    if format_ == "json":
        click.echo(summaries.write(found))
    else:
        _print_summary(found)


def _counted(total: Count | None) -> str:
    if total is None:
        return "Could not count all rooms that match."
    return f"{total.opening} {'room matches' if total.rooms == 1 else 'rooms match'}."


def _print_summary(found: Summary) -> None:
    console = _console()
    price, size = (_shown(range_, found.exact) for range_ in (found.price, found.size))
    count = Count(found.count, found.exact).opening
    console.print(f"{count} rooms, price a day {price}, size in m² {size}")
    table = Table("price", "rooms", "", box=None)
    most = max((bucket.count for bucket in found.histogram), default=0)
    for bucket in found.histogram:
        prices = _prices(bucket)
        rooms = Count(bucket.count, found.exact).rounded
        table.add_row(prices, f"{rooms:,}", "█" * round(40 * bucket.count / most))
    if found.histogram:
        console.print(table)
    if not found.exact:
        console.print("Estimated from a sample, since counting all rooms would have taken too long.")


def _prices(bucket: Bucket) -> str:
    if bucket.below is None:
        return f"{bucket.lowest} and more"
    highest = bucket.below - 1
    return str(highest) if highest == bucket.lowest else f"{bucket.lowest}-{highest}"


def print_table(rooms: Iterable[Room], near: Point | None) -> None:
    """Rooms for people, with their distances from the point."""
    console = _console()
    # Without gaps a UUID with a distance fits into the usual 80 columns.
    padding = (0, 1) if console.width >= 90 else 0
    table = Table(box=box.SIMPLE_HEAD, padding=padding, pad_edge=False)
    table.add_column("code", no_wrap=True)
    for name in ("size", "price", "latitude", "longitude", *(["distance"] if near else [])):
        table.add_column(name, justify="right", no_wrap=True)
    for room in rooms:
        size = "" if room.size is None else f"{room.size} m²"
        cells = [room.code, size, str(room.price), f"{room.latitude:.5f}", f"{room.longitude:.5f}"]
        if near:
            cells.append(f"{near.distance_to(room.latitude, room.longitude):,.0f} m")
        table.add_row(*cells)
    console.print(table)


def _console() -> Console:
    """A console that never cuts a code: lines that are too long for a terminal are wrapped there."""
    console = Console(highlight=False)
    return Console(highlight=False, width=max(80, console.width) if console.is_terminal else 120)


def _end_line(format_: str) -> None:
    if format_ in (Format.JSON, Format.GEOJSON):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def _shown(found: Range | None, exact: bool) -> str:
    if found is None:
        return "not stated" if exact else "unknown"
    return f"{found.lowest:,} to {found.highest:,}{'' if exact else ' or beyond'}"
