"""The plans that PostgreSQL followed in a search, as `auto_explain` tells them beside the answers.

They are not asked for afterwards: a prepared statement may have a plan that its text, explained with
its values, would not get.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from psycopg.errors import Diagnostic

from benchmarks.sides import Explained
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.postgres.session import Session

_TELL = {"log_analyze": "on", "log_timing": "off", "log_format": "json", "log_level": "notice"}

_SETTLING = 6
"""Calls after which a prepared statement has the plan that it keeps."""

_CALLS = 5


class Explainer:
    """Tells what the searches on a repository do, which may have one connection only."""

    def __init__(self, repository: PostgresRepo) -> None:
        self._repository = repository
        self._told: list[str] = []
        with self._connection() as connection:
            connection.execute("LOAD 'auto_explain'")
            for name, value in _TELL.items():
                connection.execute(f"SET auto_explain.{name} = {value}".encode())
            connection.add_notice_handler(self._hear)

    def explained(self, search: Callable[[], object]) -> Explained:
        """The plans of a search, one a statement, and the time that executing them took, without planning."""
        for _ in range(_SETTLING):
            search()
        seconds = []
        with self._telling():
            for _ in range(_CALLS):
                self._told.clear()
                search()
                seconds.append(sum(map(_seconds, self._told)))
        plans = [json.loads(message.partition("plan:")[2]) for message in self._told]
        return Explained(["\n".join(_tree([plan["Plan"]])) for plan in plans], median(seconds))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            self._tell_from(0)
            yield
        finally:
            self._tell_from(-1)

    def _tell_from(self, milliseconds: int) -> None:
        with self._connection() as connection:
            connection.execute(f"SET auto_explain.log_min_duration = {milliseconds}".encode())

    @contextmanager
    def _connection(self) -> Iterator[Session]:
        with self._repository._connections._pool().connection() as connection:
            yield connection

    def _hear(self, message: Diagnostic) -> None:
        if (message.message_primary or "").startswith("duration:"):
            self._told.append(message.message_primary or "")


def _seconds(message: str) -> float:
    """The time of `duration: 0.042 ms  plan: …`, which is that of the execution alone."""
    return float(message.split()[1]) / 1000


def _tree(nodes: Iterable[dict[str, Any]], depth: int = 0) -> Iterator[str]:
    """A line a node, those that it reads from below it. Nodes that do the same side by side are one."""
    alike: dict[str, list[dict[str, Any]]] = {}
    for node in nodes:
        name = " ".join(filter(None, (node["Node Type"], node.get("Index Name"))))
        alike.setdefault(name, []).append(node)
    for name, same in alike.items():
        run = [node for node in same if "Actual Rows" in node]
        times = sum(node["Actual Loops"] for node in run)
        facts = (
            f"{_total(run, 'Actual Rows'):,.0f} rows" if times else "not run",
            f"{sum(node['Plan Rows'] for node in same):,} expected",
            f"{sum(_total(run, removed) for removed in _REMOVED):,.0f} dropped",
            f"{times:,} times",
        )
        yield f"{'  ' * depth}{name}: {', '.join(fact for fact in facts if fact not in _UNREMARKABLE)}"
        yield from _tree((child for node in same for child in node.get("Plans", ())), depth + 1)


_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
_UNREMARKABLE = ("0 dropped", "0 times", "1 times")


def _total(nodes: Iterable[dict[str, Any]], rows: str) -> float:
    """The rows of all runs of the nodes; PostgreSQL gives the average of a run."""
    return sum((float(node.get(rows, 0)) * float(node["Actual Loops"]) for node in nodes), 0.0)
