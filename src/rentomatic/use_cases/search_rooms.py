"""Find rooms."""

from dataclasses import dataclass

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, Position, RoomQuery
from rentomatic.domain.summary import Count, estimate_of
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.summarise_rooms import TIME_FOR_ALL, TIME_FOR_SAMPLE


@dataclass(frozen=True, slots=True)
class FoundRooms:
    """A page of rooms; `next` is where the page after it starts, None on the last page.

    total: how many rooms match in all, where that was asked for.
    """

    rooms: tuple[Room, ...]
    next: Position | None
    total: Count | None


def search_rooms(
    repository: RoomRepository,
    query: RoomQuery,
    with_total: bool = False,
    count_to: int | None = None,
    within: float = TIME_FOR_ALL,
) -> FoundRooms:
    """The page of rooms that the query asks for; with a total, counted no further than `count_to`.

    within: seconds for counting; beyond them the total is estimated from a sample. Raises OutOfTime where
    not even that comes in time.
    """
    page = repository.search(query)
    return FoundRooms(
        rooms=page.rooms,
        next=query.position(page.rooms[-1]) if page.more else None,
        total=_total(repository, query, page, count_to, within) if with_total else None,
    )


def _total(
    repository: RoomRepository, query: RoomQuery, page: Page, count_to: int | None, within: float
) -> Count:
    """How many rooms match. An estimate may be beyond `count_to`, but never below what the page shows."""
    if query.after is None and not page.more:
        return Count(len(page.rooms))
    try:
        return Count(repository.count(query, count_to, within))
    except OutOfTime:
        estimate = estimate_of(repository.sample(query, TIME_FOR_SAMPLE)).count
        return Count(max(estimate, len(page.rooms) + page.more), exact=False)
