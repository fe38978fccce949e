"""Find rooms."""

from dataclasses import dataclass

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, Position, RoomQuery
from rentomatic.domain.summary import Count
from rentomatic.use_cases.in_time import exact_or_estimated
from rentomatic.use_cases.ports import RoomRepository


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
) -> FoundRooms:
    """The page of rooms that the query asks for; with a total, counted no further than `count_to`.

    Where counting takes too long, the total is estimated from a sample. Raises OutOfTime where not even
    that comes in time.
    """
    page = repository.search(query)
    return FoundRooms(
        rooms=page.rooms,
        next=query.position(page.rooms[-1]) if page.more else None,
        total=_total(repository, query, page, count_to) if with_total else None,
    )


def _total(repository: RoomRepository, query: RoomQuery, page: Page, count_to: int | None) -> Count:
    """How many rooms match. An estimate may be beyond `count_to`, but never below what the page shows."""
    if query.after is None and not page.more:
        return Count(len(page.rooms))
    shown = len(page.rooms) + page.more
    return exact_or_estimated(
        repository,
        query,
        exact=lambda seconds: Count(repository.count(query, count_to, seconds)),
        estimated=lambda estimate: Count(max(estimate.count, shown), exact=False),
    )
