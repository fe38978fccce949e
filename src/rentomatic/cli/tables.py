"""Printing rooms: as a table for people, in any format for programs."""

import sys
from collections.abc import Iterable
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rentomatic.domain.fields import (
    ALWAYS_WRITTEN,
    DISTANCE,
    FIELDS,
    MEMBERS_IN_LISTS,
    TEXTS,
    Description,
    Field,
)
from rentomatic.domain.geography import Point
from rentomatic.domain.kinds import Degrees
from rentomatic.domain.prices import PLAIN
from rentomatic.domain.quoting import visible
from rentomatic.domain.room import Room, stated
from rentomatic.domain.several import Several
from rentomatic.money import Money
from rentomatic.requests.search import Format
from rentomatic.serializers.formats import WRITERS
from rentomatic.settings import Settings

FORMATS = click.Choice(["table", *map(str, Format)])


def print_rooms(
    rooms: Iterable[Room],
    near: Point | None,
    format_: str,
    settings: Settings,
    members: tuple[str, ...] | None = None,
) -> None:
    """Print rooms in one of `FORMATS`, with their distances from the point.

    members: what to print of each; None for what a list has in that format.
    """
    if format_ == "table":
        print_table(rooms, near, settings.money, members or MEMBERS_IN_LISTS)
        return
    writer = WRITERS[Format(format_)]
    sys.stdout.buffer.writelines(writer.write(rooms, near, members or writer.members))
    if format_ in (Format.JSON, Format.GEOJSON):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def print_table(rooms: Iterable[Room], near: Point | None, money: Money, members: tuple[str, ...]) -> None:
    """Print rooms as a table, with their distances from the point; of each, the given members."""
    out = console()
    # Without gaps a UUID with a distance fits into the usual 80 columns.
    padding = (0, 1) if out.width >= 90 else 0
    table = Table(box=box.SIMPLE_HEAD, padding=padding, pad_edge=False)
    rooms = list(rooms)
    shown = {*ALWAYS_WRITTEN, *(name for room in rooms for name in stated(room))}
    fields = [field for field in FIELDS if field.name in shown and field.name in members]
    near = near if DISTANCE in members else None
    for field in fields:
        is_text = field.kind.python_type in (str, tuple)
        table.add_column(
            _header(field, money),
            justify="left" if is_text else "right",
            no_wrap=field.name not in TEXTS,
        )
    if near:
        table.add_column("distance", justify="right", no_wrap=True)
    for room in rooms:
        cells = [_cell(field, getattr(room, field.name), money) for field in fields]
        if near:
            cells.append(f"{near.distance_to(room.latitude, room.longitude):,.0f} m")
        table.add_row(*cells)
    out.print(table)


def print_room(room: Room, money: Money) -> None:
    """Print a room for people: a line with label and value for each field that it states."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for field in FIELDS:
        value = getattr(room, field.name)
        if value is not None:
            label = money.label if field.name is Field.PRICE else field.label
            table.add_row(label, _cell(field, value, money, in_row=False))
    console().print(table)


def _header(field: Description, money: Money) -> str:
    """Return the name of the field; for a price, with its period below if prices are configured."""
    return f"price\n{money.per}" if field.name is Field.PRICE and money.terms != PLAIN else field.name


def _cell(field: Description, value: Any, money: Money, *, in_row: bool = True) -> str:
    """Return the value for people. It comes from a stranger's file: no rich markup.

    in_row: whether the value is in a row of a list of rooms, where photos are not put below each other.
    """
    match field.kind:
        case _ if value is None:
            return ""
        case _ if field.name is Field.PRICE and money.terms.currency:
            return money.amount(value)
        case Degrees():
            return f"{value:.5f}"
        case Several(ordered=ordered):
            separator = "\n" if ordered and not in_row else ", "
            return escape(separator.join(map(visible, value)))
        case _ if field.name in TEXTS:
            return escape(visible(value, keep="\n"))
    return f"{value} {field.unit}".rstrip()


def console() -> Console:
    """Return a console that never cuts codes: lines too long for the terminal wrap there."""
    usual = Console(highlight=False)
    return Console(highlight=False, width=max(80, usual.width) if usual.is_terminal else 120)
