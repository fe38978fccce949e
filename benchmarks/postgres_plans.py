"""The plans that PostgreSQL used for a search, reported by `auto_explain` while it ran.

They are not requested afterwards: a prepared statement may use a plan that EXPLAIN of its text with the same
values would not show.
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
"""Calls after which a prepared statement keeps its plan."""

_CALLS = 5


class Explainer:
    """Reports the plans of searches on a repository, which must use a single connection."""

    def __init__(self, repository: PostgresRepo) -> None:
        self._repository = repository
        self._told: list[str] = []
        with self._connection() as connection:
            connection.execute("LOAD 'auto_explain'")
            for name, value in _TELL.items():
                connection.execute(f"SET auto_explain.{name} = {value}".encode())
            connection.add_notice_handler(self._hear)

    def explained(self, search: Callable[[], object]) -> Explained:
        """Return the plans of a search, one for each statement, and their execution time."""
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
    """Return the time of `duration: 0.042 ms  plan: …`, which excludes planning."""
    return float(message.split()[1]) / 1000


def _tree(nodes: Iterable[dict[str, Any]], depth: int = 0) -> Iterator[str]:
    """Yield one line for each node, followed by its children. Equal siblings are merged."""
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
    """Return the rows of all loops of the nodes; PostgreSQL gives the average of one loop."""
    return sum((float(node.get(rows, 0)) * float(node["Actual Loops"]) for node in nodes), 0.0)
