"""Find rooms."""

from dataclasses import dataclass

from rentomatic.domain.room import Room
from rentomatic.domain.search import Position, RoomQuery
from rentomatic.use_cases.ports import RoomRepository


@dataclass(frozen=True, slots=True)
class FoundRooms:
    """A page of rooms; `next` is where the page after it starts, None on the last page.

    total: how many rooms match in all, where that was asked for.
    """

    rooms: tuple[Room, ...]
    next: Position | None
    total: int | None


def search_rooms(
    repository: RoomRepository, query: RoomQuery, with_total: bool = False, count_to: int | None = None
) -> FoundRooms:
    """The page of rooms that the query asks for; with a total, counted no further than `count_to`."""
    page = repository.search(query)
    return FoundRooms(
        rooms=page.rooms,
        next=query.position(page.rooms[-1]) if page.more else None,
        total=repository.count(query, count_to) if with_total else None,
    )
