"""See where rooms are on a map."""

from rentomatic.domain.clusters import Clusters, clusters_of, fitting_zoom, grid_of
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.budget import Budget, too_costly
from rentomatic.use_cases.ports import RoomRepository


def cluster_rooms(
    repository: RoomRepository, query: RoomQuery, box: BoundingBox, zoom: int, budget: Budget
) -> Clusters:
    """Return the matching rooms as clusters on a map that shows the box.

    query: has the box among its areas. zoom: of the map, 0 to `MAX_ZOOM`. Raises TooCostly.
    """
    fitting = fitting_zoom(box, zoom)
    with too_costly(query):
        cells = repository.cells(query, grid_of(box, fitting), budget.left())
    return clusters_of(cells, box, fitting)
