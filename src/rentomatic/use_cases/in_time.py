"""What is told of all rooms where that comes in time, and of a sample of them where it does not."""

import time
from collections.abc import Callable
from typing import TypeVar

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Summary, estimate_of
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.use_cases.ports import RoomRepository

TIME_FOR_ALL = 1.0
"""Seconds for looking at every room that matches; beyond them a sample has to do."""

TIME_FOR_SAMPLE = 1.0
"""Seconds beyond those that a sample may take where everything is slow; usually it takes a tenth of that."""

Told = TypeVar("Told")


def exact_or_estimated(
    repository: RoomRepository,
    query: RoomQuery,
    exact: Callable[[float], Told],
    estimated: Callable[[Summary], Told],
    within: float = TIME_FOR_ALL,
    clock: Callable[[], float] = time.monotonic,
) -> Told:
    """What `exact` tells in the seconds that it is given, else what `estimated` makes of the estimate.

    Both together take `within` and `TIME_FOR_SAMPLE`: where `exact` ends late, less is left for the sample.
    Raises OutOfTime where not even a sample comes in time.
    """
    end = clock() + within + TIME_FOR_SAMPLE
    try:
        return exact(within)
    except OutOfTime:
        return estimated(estimate_of(repository.sample(query, min(TIME_FOR_SAMPLE, end - clock()))))
