"""The results of a scenario, with their targets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from benchmarks.load.client import Outcome
from benchmarks.load.people import Seen


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. target: the least to reach, or with `at_most` the most allowed; None without a target."""

    scenario: str
    what: str
    found: float
    unit: str = ""
    target: float | None = None
    at_most: bool = False

    @property
    def reached(self) -> bool | None:
        if self.target is None:
            return None
        return self.found <= self.target if self.at_most else self.found >= self.target

    @property
    def to_reach(self) -> str:
        if self.target is None:
            return ""
        return f"{'≤' if self.at_most else '≥'} {self.target:,g}"


def share(part: int, of: int) -> float:
    """Return a percentage; of nothing it is 100."""
    return 100 * part / of if of else 100.0


def percentile(values: Iterable[float], rank: float) -> float:
    """Return the percentile by the nearest rank; 0 without values."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * rank / 100) - 1)] if ordered else 0.0


def of_views(name: str, seen: Seen, whole: float, seconds: float | None, *, first: bool) -> list[Figure]:
    """Return how many views were complete and how long they took, with their targets."""
    views, refused = seen.views, [view for view in seen.views if view.is_first and not view.came]
    waits = [view.seconds for view in views if view.whole]
    return [
        Figure(name, "views", len(views)),
        Figure(name, "views whole", share(len(waits), len(views)), "%", whole),
        Figure(name, "p50 of a view", percentile(waits, 50), "s"),
        Figure(name, "p95 of a view", percentile(waits, 95), "s", seconds, at_most=True),
        Figure(name, "first pages refused", len(refused), "", 0 if first else None, at_most=True),
        *of_refusals(name, seen.outcomes),
    ]


def of_refusals(name: str, outcomes: Sequence[Outcome], deadline: float = 3.5) -> list[Figure]:
    """Return the refused requests by status: whether they ended in time and said when to retry."""
    refused = [outcome for outcome in outcomes if outcome.refused]
    statuses = {status: sum(o.status == status for o in refused) for status in (429, 503)}
    costly = sum(outcome.too_costly for outcome in outcomes)
    lost = sum(outcome.status not in (200, 429, 503) for outcome in outcomes)
    found = [
        *(Figure(name, f"requests {status}", share(n, len(outcomes)), "%") for status, n in statuses.items()),
        Figure(name, "requests too costly", share(costly, len(outcomes)), "%"),
        Figure(name, "requests lost or wrong", lost, "", 0, at_most=True),
    ]
    if refused:
        told = sum(outcome.retry_after > 0 for outcome in refused)
        slowest = percentile((outcome.seconds for outcome in refused), 99)
        found += [
            Figure(name, "refusals with Retry-After", share(told, len(refused)), "%", 100),
            Figure(name, "p99 of a refusal", slowest, "s", deadline, at_most=True),
        ]
    return found


def of_requests(name: str, outcomes: Sequence[Outcome], answered: float, seconds: float) -> list[Figure]:
    """Return how many requests succeeded and how long they took, with targets for both."""
    waits = [outcome.seconds for outcome in outcomes if outcome.status == 200]
    return [
        Figure(name, "requests", len(outcomes)),
        Figure(name, "requests answered", share(len(waits), len(outcomes)), "%", answered),
        Figure(name, "p50 of an answer", percentile(waits, 50), "s"),
        Figure(name, "p95 of an answer", percentile(waits, 95), "s", seconds, at_most=True),
        *of_refusals(name, outcomes),
    ]


def in_time(outcomes: Sequence[Outcome], seconds: float) -> float:
    """Return the percentage of requests that succeeded within `seconds`."""
    return share(sum(o.status == 200 and o.seconds <= seconds for o in outcomes), len(outcomes))
