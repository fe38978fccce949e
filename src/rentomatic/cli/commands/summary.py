"""The command `summary`."""

import os
from collections.abc import Callable, Iterator

import click
from rich.table import Table

from rentomatic.cli.options import as_option, parameters, repository, search_options, unhurried
from rentomatic.cli.tables import console
from rentomatic.domain.facets import Facets
from rentomatic.domain.fields import FACETS, FIELD, RANGED
from rentomatic.domain.quoting import noun
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Bucket, Count, Range, Summary
from rentomatic.money import Money
from rentomatic.requests.search import MATCH_PARAMETERS, parse_search
from rentomatic.serializers import summary as summaries
from rentomatic.settings import read_settings
from rentomatic.use_cases.count_facets import count_facets
from rentomatic.use_cases.summarise_rooms import summarise_rooms

_SHOWN = 6
"""Values of a field that are shown; JSON has more."""


@click.command
@search_options
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def summary(
    conditions: tuple[str, ...],
    q: str | None,
    near: str | None,
    radius: str | None,
    bbox: str | None,
    format_: str,
) -> None:
    """Count rooms, with their range of prices and sizes, and what most of them state.

    \b
    Examples:
      rentomatic summary
      rentomatic summary size__gte=20 --near 51.5074,-0.1278 --radius 2000
    """
    given = parameters(conditions, q=q, near=near, radius=radius, bbox=bbox)
    query = parse_search(given, MATCH_PARAMETERS, as_option).query
    settings = read_settings(os.environ)
    with repository(settings) as rooms:
        budget = unhurried(settings)
        found = summarise_rooms(rooms, query, budget)
        facets = count_facets(rooms, query, budget)
    if format_ == "json":
        click.echo(summaries.write(found, facets, settings.prices))
        return
    _print_summary(found, settings.money)
    if facets is not None:
        _print_facets(facets, query)


def _print_summary(found: Summary, money: Money) -> None:
    out = console()
    price = _shown(found.price, found.exact, money.amount)
    size = _shown(found.size, found.exact, "{:,}".format)
    count = Count(found.count, found.exact).opening
    out.print(f"{count} {noun(found.count, 'room')}, price {money.per} {price}, size in m² {size}")
    table = Table("price", "rooms", "", box=None)
    most = max((bucket.count for bucket in found.histogram), default=0)
    for bucket in found.histogram:
        prices = _prices(bucket, money.amount if money.terms.currency else str)
        rooms = Count(bucket.count, found.exact).rounded
        table.add_row(prices, f"{rooms:,}", "█" * round(40 * bucket.count / most))
    if found.histogram:
        out.print(table)
    if not found.exact:
        out.print("Estimated from a sample, because counting all rooms would take too long.")


def _print_facets(facets: Facets, query: RoomQuery) -> None:
    """Show the values that most rooms state, a line for each field."""
    lines = [*_most_stated(facets), *_ranges(facets)]
    if not lines:
        return
    fields = {condition.field for condition in query.conditions}
    free = ", each without the condition on itself" if fields & {*FACETS, *RANGED} else ""
    estimated = "" if facets.exact else ", estimated from a sample"
    for line in (f"What these rooms state{free}{estimated}:", *lines):
        console().print(line)


def _most_stated(facets: Facets) -> Iterator[str]:
    for field, counts in facets.values.items():
        shown = [f"{value} ({Count(rooms, facets.exact).rounded:,})" for value, rooms in counts[:_SHOWN]]
        more = f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
        if shown:
            yield f"{FIELD[field].label}: {', '.join(shown)}{more}"


def _ranges(facets: Facets) -> Iterator[str]:
    for field, found in facets.ranges.items():
        if found is not None:
            yield f"{FIELD[field].label}: {_shown(found, facets.exact, '{:,}'.format)}"


def _prices(bucket: Bucket, write: Callable[[int], str]) -> str:
    if bucket.below is None:
        return f"{write(bucket.lowest)} and more"
    highest = bucket.below - 1
    return write(highest) if highest == bucket.lowest else f"{write(bucket.lowest)}-{write(highest)}"


def _shown(found: Range | None, exact: bool, write: Callable[[int], str]) -> str:
    if found is None:
        return "unknown"
    lowest, highest = write(found.lowest), write(found.highest)
    values = lowest if found.lowest == found.highest else f"{lowest} to {highest}"
    return values if exact else f"{values} or beyond"
