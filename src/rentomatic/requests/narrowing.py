"""Advice to narrow a search that names parameters: one text for the web and the command line."""

from rentomatic.domain.search import RoomQuery
from rentomatic.requests.search import FILTER_PREFIX, Naming
from rentomatic.use_cases.narrow_search import Advice, Narrowing, narrow_search


def narrowing_in_words(query: RoomQuery, naming: Naming = str) -> str:
    """Return a sentence on how to narrow the search.

    naming: gives the name of a parameter as readers know it.
    """
    ways = [_words(advice, naming) for advice in narrow_search(query)]
    return f"Narrow it: {'; '.join(ways)}." if ways else "The server is slow right now: try again later."


def parameter_of(advice: Advice) -> str:
    """Return the parameter of the condition that the advice is about."""
    if advice.condition is None:
        raise ValueError(f"{advice.narrowing} is about no condition")
    field, operator = advice.condition
    return f"{FILTER_PREFIX}{field}__{operator}"


def _words(advice: Advice, naming: Naming) -> str:
    near, radius, bbox, sort = map(naming, ("near", "radius", "bbox", "sort"))
    match advice.narrowing:
        case Narrowing.FEWER_VALUES:
            return f"give fewer values in {naming(parameter_of(advice))}"
        case Narrowing.ADD_AREA:
            return f"add {bbox}, or {near} with {radius}"
        case Narrowing.ADD_RADIUS:
            return f"add {radius}, such as {advice.radius}"
        case Narrowing.SMALLER_RADIUS:
            return f"make {radius} smaller, such as {advice.radius}"
        case Narrowing.SMALLER_BOX:
            return f"make {bbox} smaller"
        case Narrowing.USUAL_SORT:
            return f"leave out {sort}"
