"""Tell what a search's filters can still choose."""

from rentomatic.domain.facets import Facets
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.use_cases.ports import RoomRepository


def count_facets(repository: RoomRepository, query: RoomQuery, budget: Budget) -> Facets | None:
    """Return what the matching rooms state, from a sample if many match.

    None if that is not ready within the budget: what was read before is worth an answer of its own.
    """
    try:
        return repository.facets(query, budget.left())
    except OutOfTime:
        return None
