"""The parameters of a map, from text to a box and a zoom.

bbox=-0.2,51.4,0.1,51.6  zoom=11  filter_price__lt=60
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rentomatic.domain.clusters import MAX_ZOOM
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import RoomQuery
from rentomatic.requests.numbers import integer
from rentomatic.requests.search import MATCH_PARAMETERS, Parser, bounding_box

MAP_PARAMETERS = ("bbox", "zoom")
"""The required parameters of a map."""


@dataclass(frozen=True, slots=True)
class MapRequest:
    """Which rooms, and the map that shows them. query: has the box among its areas."""

    query: RoomQuery
    box: BoundingBox
    zoom: int


def parse_map(parameters: Iterable[tuple[str, str]]) -> MapRequest:
    """Return the requested map. Raises ParametersError naming every bad parameter."""
    parser = Parser(parameters, (*MATCH_PARAMETERS, "zoom"))
    for name in MAP_PARAMETERS:
        if name not in parser.texts:
            parser.refuse(name, "is needed")
    zoom = parser.parse("zoom", lambda text: integer(text, 0, MAX_ZOOM))
    query = parser.request().query
    return MapRequest(query, bounding_box(parser.texts["bbox"]), zoom or 0)
