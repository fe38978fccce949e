"""Measure searches: the program beside its peer and its limit, and the plans that SQLite follows."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from benchmarks.orm import OrmRoom
from benchmarks.search_cases import cases
from benchmarks.sides import LIMIT, Case, Sides, sides
from benchmarks.timing import Timing, timed
from benchmarks.workspace import Workspace
from rentomatic.domain.search import Page


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search took by each way, and its plan: each step of it, and how often it was taken."""

    name: str
    timings: dict[str, Timing]
    plan: dict[str, int]


def measure(place: Workspace, rooms: int, rounds: int) -> list[SearchResult]:
    """Measure every search on a file of so many rooms."""
    results = []
    with sides(place.database(rooms)) as on:
        for case in cases(on):
            place.log(f"search: {case.name}")
            _require_same_answers(case)
            plan = _plan(on, case)
            results.append(SearchResult(case.name, timed(case.ways, rounds), plan))
    return results


def _require_same_answers(case: Case) -> None:
    """Run each way once, also to warm it up. Raises AssertionError where answers differ."""
    answers = {name: _comparable(way()) for name, way in case.ways.items()}
    for name, answer in answers.items():
        if answer != answers["ours"]:
            raise AssertionError(f"{case.name}: {name} finds {answer}, but ours {answers['ours']}")


def _comparable(answer: object) -> object:
    """Rooms as tuples, without the one that only tells that more follow; anything else as it is."""
    match answer:
        case Page(rooms=rooms):
            return [astuple(room) for room in rooms]
        case list():
            return [_comparable(room) for room in answer[:LIMIT]]
        case OrmRoom() as room:
            return (room.code, room.size, room.price, room.latitude, room.longitude)
        case None | tuple() | int():
            return answer
        case _:
            return astuple(answer)  # type: ignore[call-overload]  # a Room or a Summary


def _plan(on: Sides, case: Case) -> dict[str, int]:
    """The steps of the plans of all statements that the search runs, as SQLite explains them."""
    with on.repository._connection(None) as connection:
        pass  # the only one, which the repository uses again
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    try:
        case.ways["ours"]()
    finally:
        connection.set_trace_callback(None)
    return dict(Counter(_steps(connection, statements)))


def _steps(connection: sqlite3.Connection, statements: Iterable[str]) -> Iterable[str]:
    for statement in statements:
        if statement.lstrip().startswith("SELECT"):
            yield from (row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
