"""`./manage.py bench worst`: find expensive requests, or repeat those of an earlier run."""

import json
import random
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import report
from benchmarks.workspace import Workspace, workspace
from benchmarks.worst.asking import Asker
from benchmarks.worst.hunt import Hunt
from benchmarks.worst.measuring import Application, Cost, running_application
from benchmarks.worst.requests import EXPORT, ROUTES, Route, of_saved
from benchmarks.worst.values import Values
from rentomatic.domain.quoting import shortened

STORAGES = ("sqlite", "postgres")

LIMIT = 1.0
"""The most processor seconds that a request should cost."""

_SHRINKING = 0.35
"""The share of the time for shrinking requests."""

_ROUNDS = 3
"""How often each result is measured; the median counts."""

_SHOWN = 300
"""The most characters of a request in a table."""

_LONG_LIST = r"((?:[^,&=]+,){3})((?:[^,&=]+,){3,}[^,&=]+)"
_CURSOR = r"(cursor=.{12})[^&]+"


@dataclass(frozen=True, slots=True)
class Found:
    """A saved request, its cost, and its earlier cost if it was repeated."""

    request: dict[str, Any]
    cost: Cost
    before: Cost | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """The most expensive requests for a storage. asked: how many requests were sent to find them."""

    storage: str
    seed: int | None
    seconds: float
    asked: int
    found: list[Found]


@click.command()
@click.option("--rooms", type=click.IntRange(1), default=1_000_000, show_default=True)
@click.option("--seconds", type=click.FloatRange(1), default=180, show_default=True, help="For each storage.")
@click.option("--seed", type=int, help="Of the random requests; a new one unless given.")
@click.option("--on", multiple=True, type=click.Choice(STORAGES), help="This storage; may be repeated.")
@click.option("--database", help="The URL of a storage with rooms, instead of a new one; it is only read.")
@click.option("--route", multiple=True, type=click.Choice([route.name for route in ROUTES]))
@click.option(
    "--top", type=click.IntRange(1), default=20, show_default=True, help="The most requests to show."
)
@click.option(
    "--read-timeout",
    type=click.FloatRange(0.1),
    help="Seconds for all reads of a request: with many, what the usual limit cuts off shows its full cost.",
)
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Results of an earlier run, whose requests are sent again and compared.",
)
def worst(
    rooms: int,
    seconds: float,
    seed: int | None,
    on: tuple[str, ...],
    database: str | None,
    route: tuple[str, ...],
    top: int,
    read_timeout: float | None,
    replay: Path | None,
) -> None:
    """Find the most expensive requests that a client can send.

    Random requests, made from the application's own tables of fields, operators, sorts and formats, go to the
    whole application in this process. The most expensive ones are varied as long as their cost grows, then
    reduced to what makes them expensive, printed and saved. --replay repeats saved requests, to show the
    effect of a change.

    Costs are processor seconds: of the thread that answers, and of the PostgreSQL server.
    """
    console, progress = Console(), Console(stderr=True)
    if not console.is_terminal:
        console.width = 200
    seed = secrets.randbelow(2**32) if seed is None else seed
    routes = [known for known in ROUTES if known.name in route or not route]
    earlier = load(replay) if replay else {}
    storages = [_storage_of(database)] if database else on or tuple(earlier) or STORAGES
    results: list[object] = []
    with workspace(progress) as place:
        for storage in storages:
            url = database or _url(storage, place, rooms)
            progress.log(f"{storage}: seed {seed}")
            with running_application(url, read_timeout) as application:
                application.warm_up()
                if replay:
                    findings = asked_again(application, storage, earlier.get(storage, []))
                else:
                    findings = hunted(application, storage, seed, seconds, routes, top)
            show(console, findings)
            results.append(findings)
        path = report.save(rooms, _ROUNDS, place.postgres.version(), {"worst": results})
    console.print(f"Kept in {path}")


def _storage_of(url: str) -> str:
    return "postgres" if url.startswith("postgres") else url.partition(":")[0]


def _url(storage: str, place: Workspace, rooms: int) -> str:
    return f"sqlite:///{place.database(rooms)}" if storage == "sqlite" else place.postgres.loaded(rooms)


def hunted(
    application: Application, storage: str, seed: int, seconds: float, routes: list[Route], top: int
) -> Findings:
    chance = random.Random(seed)
    asker = Asker(Values(application.known(), chance), chance)
    hunt = Hunt(asker, lambda request: _price(request.route, application.cost(request)))
    hunt.run(seconds * (1 - _SHRINKING), routes)
    requests = [catch.request for catch in hunt.most_expensive(top, seconds * _SHRINKING)]
    measured = [(request, application.steady_cost(request, _ROUNDS)) for request in requests]
    measured.sort(key=lambda one: -_price(one[0].route, one[1]))
    found = [Found(request.saved(), cost) for request, cost in measured]
    return Findings(storage, seed, seconds, hunt.asked, found)


def _price(route: Route, cost: Cost) -> float:
    """Return the total processor seconds; for an export, whose length the client chooses, per megabyte."""
    return cost.seconds_per_megabyte if route.exports else cost.seconds


def asked_again(application: Application, storage: str, earlier: list[Found]) -> Findings:
    found = [
        Found(one.request, application.steady_cost(of_saved(one.request), _ROUNDS), one.cost)
        for one in earlier
    ]
    return Findings(storage, None, 0, len(found), found)


def load(path: Path) -> dict[str, list[Found]]:
    """Return the saved requests for each storage. Raises KeyError for results of other benchmarks."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return {
        findings["storage"]: [Found(one["request"], Cost(**one["cost"])) for one in findings["found"]]
        for findings in document["results"]["worst"]
    }


def show(console: Console, findings: Findings) -> None:
    """Print a row for each request, the most expensive first, with its earlier cost if there is one."""
    how = f", seed {findings.seed}, {findings.asked:,} requests" if findings.seed is not None else ""
    again = any(one.before for one in findings.found)
    table = Table(
        title=f"Most expensive requests: {findings.storage}{how}", box=box.SIMPLE, title_justify="left"
    )
    for name in (*(["before s"] if again else []), "seconds", "thread", "server", "wall", "status", "kB"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("storage")
    table.add_column("request", overflow="fold")
    for one in findings.found:
        cost = one.cost
        table.add_row(
            *([f"{one.before.seconds:.3f}" if one.before else ""] if again else []),
            *(f"{seconds:.3f}" for seconds in (cost.seconds, cost.thread, cost.server, cost.wall)),
            str(cost.status),
            f"{cost.size / 1000:,.0f}",
            ", ".join(f"{name} {number}" for name, number in cost.calls.items()),
            escape(_shortened(one.request)),
        )
    console.print(table)
    others = [one.cost.seconds for one in findings.found if one.request["route"] != EXPORT]
    above = sum(seconds > LIMIT for seconds in others)
    console.print(f"Above {LIMIT} s: {above} of {len(others)} that are no exports")


def _shortened(request: dict[str, Any]) -> str:
    """Return the request as one line, with long lists shortened."""
    method = "" if request["method"] == "GET" else f"{request['method']} "
    headers = (f" {name}: {shortened(text, 30)}" for name, text in request["headers"])
    target = re.sub(_CURSOR, r"\1…", re.sub(_LONG_LIST, _with_its_length, request["target"]))
    return "".join([method, shortened(target, _SHOWN), *headers])


def _with_its_length(found: re.Match[str]) -> str:
    return f"{found[1]}…[{found[2].count(',') + 1} more]"
