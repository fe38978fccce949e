"""Summarise a set of rooms."""

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Summary
from rentomatic.use_cases.budget import Budget, exact_or_estimated, too_costly
from rentomatic.use_cases.ports import RoomRepository


def summarise_rooms(
    repository: RoomRepository, query: RoomQuery, budget: Budget, *, quick: bool = False
) -> Summary:
    """Return count, ranges and price histogram of all matching rooms, or an estimate from a sample.

    quick: use a sample if reading all matches is not quick. Raises TooCostly if not even a sample is ready in
        time.
    """
    with too_costly(query):
        return exact_or_estimated(
            repository,
            query,
            budget,
            exact=lambda seconds: repository.summarise(query, seconds, quick=quick),
            estimated=lambda estimate: estimate,
        )
