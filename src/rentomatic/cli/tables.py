"""Printing rooms: as a table for people, in any format for programs."""

import sys
from collections.abc import Iterable

import click
from rich import box
from rich.console import Console
from rich.table import Table

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.requests.search import Format
from rentomatic.serializers.formats import WRITERS

FORMATS = click.Choice(["table", *map(str, Format)])


def print_rooms(rooms: Iterable[Room], near: Point | None, format_: str) -> None:
    """Print rooms in one of `FORMATS`, with their distances from the point."""
    if format_ == "table":
        print_table(rooms, near)
        return
    sys.stdout.buffer.writelines(WRITERS[Format(format_)].write(rooms, near))
    if format_ in (Format.JSON, Format.GEOJSON):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def print_table(rooms: Iterable[Room], near: Point | None) -> None:
    """Rooms for people, with their distances from the point."""
    out = console()
    # Without gaps a UUID with a distance fits into the usual 80 columns.
    padding = (0, 1) if out.width >= 90 else 0
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
    out.print(table)


def console() -> Console:
    """A console that never cuts a code: lines that are too long for a terminal are wrapped there."""
    usual = Console(highlight=False)
    return Console(highlight=False, width=max(80, usual.width) if usual.is_terminal else 120)
