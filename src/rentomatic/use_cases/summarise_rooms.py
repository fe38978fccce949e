"""See a set of rooms at a glance."""

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Summary
from rentomatic.use_cases.ports import RoomRepository


def summarise_rooms(repository: RoomRepository, query: RoomQuery) -> Summary:
    """Count, ranges and price histogram of all rooms that match."""
    return repository.summarise(query)
