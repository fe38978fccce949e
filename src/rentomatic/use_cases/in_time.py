"""What is told of all rooms where that comes in time, and of a sample of them where it does not."""

from collections.abc import Callable
from typing import TypeVar

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Summary, estimate_of
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.use_cases.ports import RoomRepository

TIME_FOR_ALL = 1.0
"""Seconds for looking at every room that matches; beyond them a sample has to do."""

TIME_FOR_SAMPLE = 1.0
"""Seconds that it may take where all is slow; usually a tenth of that."""

Told = TypeVar("Told")


def exact_or_estimated(
    repository: RoomRepository,
    query: RoomQuery,
    exact: Callable[[float], Told],
    estimated: Callable[[Summary], Told],
    within: float = TIME_FOR_ALL,
) -> Told:
    """What `exact` tells in the seconds that it is given, else what `estimated` makes of the estimate.

    Raises OutOfTime where not even a sample comes in time.
    """
    try:
        return exact(within)
    except OutOfTime:
        return estimated(estimate_of(repository.sample(query, TIME_FOR_SAMPLE)))
