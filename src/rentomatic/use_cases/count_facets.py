"""Tell what a search's filters can still choose."""

from rentomatic.domain.facets import Facets
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.budget import Budget, too_costly
from rentomatic.use_cases.ports import RoomRepository

_SHARE = 0.5
"""The share of the time left, when the same request goes on to summarise the rooms."""


def count_facets(repository: RoomRepository, query: RoomQuery, budget: Budget) -> Facets:
    """Return what the matching rooms state, from a sample if many match. Raises TooCostly."""
    with too_costly(query):
        return repository.facets(query, budget.share(_SHARE))
