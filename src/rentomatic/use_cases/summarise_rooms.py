"""See a set of rooms at a glance."""

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Summary
from rentomatic.use_cases.in_time import TIME_FOR_ALL, exact_or_estimated
from rentomatic.use_cases.ports import RoomRepository


def summarise_rooms(repository: RoomRepository, query: RoomQuery, within: float = TIME_FOR_ALL) -> Summary:
    """Count, ranges and price histogram of all rooms that match, an estimate beyond so many seconds.

    Raises OutOfTime where not even a sample comes in time.
    """
    return exact_or_estimated(
        repository,
        query,
        exact=lambda seconds: repository.summarise(query, seconds),
        estimated=lambda estimate: estimate,
        within=within,
    )
