"""See a set of rooms at a glance."""

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Summary, estimate_of
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.use_cases.ports import RoomRepository

TIME_FOR_ALL = 1.0
"""Seconds for looking at every room that matches; beyond them a sample has to do."""

TIME_FOR_SAMPLE = 1.0
"""Seconds that it may take where all is slow; usually a tenth of that."""


def summarise_rooms(repository: RoomRepository, query: RoomQuery, within: float = TIME_FOR_ALL) -> Summary:
    """Count, ranges and price histogram of all rooms that match, an estimate where that takes too long.

    within: seconds for all rooms. Raises OutOfTime where not even a sample comes in time.
    """
    try:
        return repository.summarise(query, within)
    except OutOfTime:
        return estimate_of(repository.sample(query, TIME_FOR_SAMPLE))
