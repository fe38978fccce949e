"""Take rooms out, all that match."""

from collections.abc import Iterator
from contextlib import contextmanager

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.budget import too_costly
from rentomatic.use_cases.ports import RoomRepository


@contextmanager
def export_rooms(
    repository: RoomRepository, query: RoomQuery, within: float | None = None
) -> Iterator[Iterator[Room]]:
    """All rooms that match, in order, of one moment and in constant memory.

    Raises TooCostly where reading them takes longer than `within` seconds.
    """
    with too_costly(query), repository.stream(query, within) as rooms:
        yield rooms
