"""See where rooms are on a map."""

from rentomatic.domain.clusters import Clusters, clusters_of, fitting_zoom, grid_of
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import RoomQuery
from rentomatic.use_cases.ports import RoomRepository

TIME_FOR_CELLS = 2.0
"""Seconds; usually it takes a twentieth of that."""


def cluster_rooms(repository: RoomRepository, query: RoomQuery, box: BoundingBox, zoom: int) -> Clusters:
    """The rooms that match as clusters on a map that shows the box.

    query: with the box among its areas. zoom: of the map, 0 to `MAX_ZOOM`. Raises OutOfTime.
    """
    fitting = fitting_zoom(box, zoom)
    cells = repository.cells(query, grid_of(box, fitting), TIME_FOR_CELLS)
    return clusters_of(cells, box, fitting)
