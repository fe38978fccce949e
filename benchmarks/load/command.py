"""`./manage.py bench load`: the scenarios, and a table of their results and targets."""

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from rich.console import Console

from benchmarks import report
from benchmarks.load import crowds, servers, strangers
from benchmarks.load.figures import Figure
from benchmarks.workspace import Workspace, workspace

MANY_ADDRESSES = 200


@dataclass(frozen=True, slots=True)
class Sizes:
    """The size and duration of the scenarios. runs: of the eight connections."""

    rooms: int = 300_000
    seconds: float = 30.0
    runs: int = 20
    pace: Sequence[int] = (64, 128)
    map: int = 48
    no_pause: Sequence[int] = (8, 32, 128, 256)
    idle: int = 2000
    readers: int = 100
    expensive: Mapping[str, Sequence[str]] = field(default_factory=lambda: strangers.EXPENSIVE)


QUICK = Sizes(rooms=20_000, seconds=4.0, runs=2, pace=(16,), map=12, no_pause=(4, 16), idle=200, readers=20)

Measure = Callable[[Workspace, Sizes], Iterator[list[Figure]]]


def _connections(place: Workspace, sizes: Sizes) -> Iterator[list[Figure]]:
    with (
        servers.sqlite(place, sizes.rooms) as two,
        servers.sqlite(place, sizes.rooms, workers=1) as one,
    ):
        yield crowds.on_kept_connections(two, one, sizes.runs, 2.0)


def _pace(place: Workspace, sizes: Sizes) -> Iterator[list[Figure]]:
    with servers.stack(place, sizes.rooms) as site:
        for people in sizes.pace:
            yield crowds.at_ordinary_pace(site, people, 2 * sizes.seconds)


def _map(place: Workspace, sizes: Sizes) -> Iterator[list[Figure]]:
    for served in (servers.sqlite, servers.postgres):
        with served(place, sizes.rooms) as site:
            yield crowds.moving_the_map(site, sizes.map, sizes.seconds)


def _no_pause(place: Workspace, sizes: Sizes) -> Iterator[list[Figure]]:
    with servers.stack(place, sizes.rooms) as site:
        yield crowds.without_a_pause(site, sizes.no_pause, sizes.seconds)


def _expensive(place: Workspace, sizes: Sizes) -> Iterator[list[Figure]]:
    for served in (servers.sqlite, servers.postgres):
        for addresses in (1, MANY_ADDRESSES):
            with served(place, sizes.rooms) as site:
                yield strangers.beside_expensive_requests(
                    site, sizes.seconds, addresses, sizes.expensive[site.name]
                )


def _held(place: Workspace, sizes: Sizes) -> Iterator[list[Figure]]:
    for served in (servers.sqlite, servers.stack):
        with served(place, sizes.rooms) as site:
            yield strangers.beside_idle_and_slow(site, sizes.seconds, sizes.idle, sizes.readers)


SCENARIOS: dict[str, Measure] = {
    "connections": _connections,
    "pace": _pace,
    "map": _map,
    "no-pause": _no_pause,
    "expensive": _expensive,
    "held": _held,
}


@click.command("load")
@click.option("--rooms", type=click.IntRange(1000), help="Instead of 300,000.")
@click.option("--seconds", type=click.FloatRange(1), help="Of each measurement.")
@click.option("--only", multiple=True, type=click.Choice([*SCENARIOS]), help="May be repeated.")
@click.option("--quick", is_flag=True, help="Few rooms, few people, some seconds: does it work?")
@click.option(
    "--expensive",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Results of `bench worst`, whose most expensive requests are sent instead of the known ones.",
)
def load(
    rooms: int | None, seconds: float | None, only: tuple[str, ...], quick: bool, expensive: Path | None
) -> None:
    """Measure how many people see complete pages under high load, or beside an abusive client.

    \b
    connections  eight kept-alive connections: do both workers of a server work?
    pace         people who read between pages, on the stack
    map          people who move the map without a pause, on one server
    no-pause     people who open page after page, on the stack
    expensive    the most expensive requests, 20 a second, beside cheap searches
    held         idle connections and slow readers beside cheap searches

    The stack needs Docker. One process on the same machine generates the load, and takes a share of it.
    """
    sizes = QUICK if quick else Sizes()
    sizes = replace(sizes, rooms=rooms or sizes.rooms, seconds=seconds or sizes.seconds)
    if expensive is not None:
        sizes = replace(sizes, expensive=strangers.most_expensive(expensive))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    console = Console()
    found: list[Figure] = []
    if not console.is_terminal:
        console.width = 160
    with workspace(Console(stderr=True)) as place:
        try:
            for name in only or SCENARIOS:
                for figures in SCENARIOS[name](place, sizes):
                    found += figures
                    report.print_load(console, figures)
        finally:  # keep what was measured before a failure
            if found:
                path = report.save(sizes.rooms, sizes.runs, place.postgres.version(), {"load": [*found]})
                console.print(f"Saved in {path}")
