"""Export all matching rooms."""

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
    """Give all matching rooms in order, as of one moment and in constant memory.

    Raises TooCostly if reading them takes longer than `within` seconds.
    """
    with too_costly(query), repository.stream(query, within) as rooms:
        yield rooms
