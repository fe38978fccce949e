"""Rooms on a map over HTTP."""

from falcon import Request, Response

from rentomatic.requests.clusters import parse_map
from rentomatic.requests.search import Format
from rentomatic.serializers import clusters, json
from rentomatic.use_cases.budget import NewBudget
from rentomatic.use_cases.cluster_rooms import cluster_rooms
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.http.negotiation import FOR_A_SECOND, by_media_type, choose
from rentomatic.web.http.parameters import parameters
from rentomatic.web.http.preconditions import answer_weakly, preconditions

_OF_CLUSTERS = by_media_type([Format.JSON])


class ClustersResource:
    """`/rooms/clusters`: the matching rooms in the visible area of a map, merged where they are close."""

    def __init__(self, repository: RoomRepository, new_budget: NewBudget) -> None:
        self._repository = repository
        self._new_budget = new_budget

    def on_get(self, req: Request, resp: Response) -> None:
        wanted = parse_map(parameters(req))
        choose(req, resp, None, _OF_CLUSTERS)
        expected = preconditions(req)
        resp.content_type = json.MEDIA_TYPE
        resp.set_header("Cache-Control", FOR_A_SECOND)
        found = cluster_rooms(self._repository, wanted.query, wanted.box, wanted.zoom, self._new_budget())
        answer_weakly(expected, resp, clusters.write(found))

    on_head = on_get
