"""Take rooms out, all that match."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.ports import RoomRepository


def export_rooms(
    repository: RoomRepository, query: RoomQuery, within: float | None = None
) -> AbstractContextManager[Iterator[Room]]:
    """All rooms that match, in order, of one moment and in constant memory.

    Raises OutOfTime where reading them takes longer than `within` seconds.
    """
    return repository.stream(query, within)
