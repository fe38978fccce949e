"""Measure searches: the program beside its peer and its limit, and the storage's plans."""

from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass

from benchmarks.orm import OrmRoom
from benchmarks.search_cases import cases
from benchmarks.sides import LIMIT, Case, Sides
from benchmarks.timing import Timing, timed
from rentomatic.domain.search import Page


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The times of a search by implementation, and its plan: each step, and how often it ran.

    storage_seconds: the storage's part of our time, if it reports one.
    """

    name: str
    timings: dict[str, Timing]
    plan: dict[str, int]
    storage_seconds: float | None


def measure(on: Sides, rounds: int, log: Callable[[str], None]) -> list[SearchResult]:
    """Measure every search on a storage."""
    results = []
    for case in cases(on):
        log(f"search: {case.name}")
        _require_same_answers(case)
        explained = on.explained(case.ways["ours"])
        timings = timed(case.ways, rounds)
        results.append(SearchResult(case.name, timings, dict(Counter(explained.steps)), explained.seconds))
    return results


def _require_same_answers(case: Case) -> None:
    """Run each implementation once, which also warms it up. Raises AssertionError if answers differ."""
    answers = {name: _comparable(way()) for name, way in case.ways.items()}
    for name, answer in answers.items():
        if answer != answers["ours"]:
            raise AssertionError(f"{case.name}: {name} finds {answer}, but ours {answers['ours']}")


def _comparable(answer: object) -> object:
    """Return rooms as tuples, without the extra one that shows that more follow; anything else unchanged."""
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
