"""Find rooms."""

from contextlib import suppress
from dataclasses import dataclass

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, Position, RoomQuery
from rentomatic.domain.summary import Count
from rentomatic.use_cases.budget import Budget, exact_or_estimated, too_costly
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository


@dataclass(frozen=True, slots=True)
class FoundRooms:
    """A page of rooms; `next` is where the next page starts, None on the last page.

    total: the number of all matches, never fewer than the page shows; None if it was not requested or could
        not be counted.
    """

    rooms: tuple[Room, ...]
    next: Position | None
    total: Count | None


def search_rooms(
    repository: RoomRepository,
    query: RoomQuery,
    budget: Budget,
    with_total: bool = False,
    *,
    quick: bool = False,
) -> FoundRooms:
    """Return the page of rooms that the query asks for.

    budget: for the page and the total; the page comes first.
    with_total: also count all matches. If counting takes too long, the total is estimated from a sample; if
        not even that is ready in time, the page has no total.
    quick: estimate the total if counting is not quick.
    Raises TooCostly if the page itself takes too long.
    """
    with too_costly(query):
        page = repository.search(query, budget.left())
    total = None
    if with_total:
        with suppress(RepositoryUnavailable):  # the page has been read: a failed count must not lose it
            total = _total(repository, query, budget, page, quick)
    return FoundRooms(page.rooms, query.position(page.rooms[-1]) if page.more else None, total)


def _total(repository: RoomRepository, query: RoomQuery, budget: Budget, page: Page, quick: bool) -> Count:
    """Count the matching rooms.

    The page was read a moment before. If rooms were removed since then, it may show more rooms than there are
    now; how many there were when it was read is not known exactly.
    """
    if query.after is None and not page.more:
        return Count(len(page.rooms))
    shown = len(page.rooms) + page.more

    def at_least_shown(rooms: int, exact: bool) -> Count:
        return Count(max(rooms, shown), exact and rooms >= shown)

    return exact_or_estimated(
        repository,
        query,
        budget,
        exact=lambda seconds: at_least_shown(repository.count(query, None, seconds, quick=quick), exact=True),
        estimated=lambda estimate: at_least_shown(estimate.count, estimate.exact),
    )
