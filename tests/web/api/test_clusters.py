"""Clusters over HTTP: responses and refusals."""

import pytest
from falcon import testing

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.serializers.json import encode
from rentomatic.use_cases.errors import OutOfTime
from tests.web.conftest import client_of, get

MAP = "/rooms/clusters?bbox=-1,51,1,52"


class Sampling(MemRepo):
    """A storage that has sampled a tenth of its rooms."""

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        found = super().cells(query, grid)
        return Cells(tuple(cell._replace(room=None) for cell in found.cells), share=0.1)


class Slow(MemRepo):
    """A storage that has no time for cells."""

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        raise OutOfTime


def test_rooms_far_apart_are_returned_individually(client: testing.TestClient) -> None:
    answer = get(client, f"{MAP}&zoom=12&filter_price__lt=48").json

    room = FIRST_ROOMS[0]
    assert {
        "exact": True,
        "clusters": [
            {
                "latitude": room.latitude,
                "longitude": room.longitude,
                "count": 1,
                "lowest_price": 39,
                "bounds": [room.longitude, room.latitude, room.longitude, room.latitude],
                "room": {
                    name: getattr(room, name) for name in ("code", "size", "price", "latitude", "longitude")
                },
            }
        ],
    } == answer


def test_rooms_near_each_other_are_counted(client: testing.TestClient) -> None:
    (cluster,) = get(client, f"{MAP}&zoom=5").json["clusters"]

    assert (4, 39, None) == (cluster["count"], cluster["lowest_price"], cluster["room"])
    assert [-0.09998975, 51.39916678, 0.33894476, 51.75436293] == cluster["bounds"]


def test_an_area_filters_clusters(client: testing.TestClient) -> None:
    found = get(client, f"{MAP}&zoom=12&near=51.75436293,-0.09998975&radius=1000").json["clusters"]

    assert [FIRST_ROOMS[0].code] == [cluster["room"]["code"] for cluster in found]


def test_estimates_are_marked() -> None:
    answer = get(client_of(Sampling(FIRST_ROOMS)), f"{MAP}&zoom=5").json

    assert (False, [40]) == (answer["exact"], [cluster["count"] for cluster in answer["clusters"]])


def test_invalid_map_parameters_are_named(client: testing.TestClient) -> None:
    answer = get(client, "/rooms/clusters?bbox=1,2,3&zoom=23&colour=red")

    assert 400 == answer.status_code
    assert {"bbox", "zoom", "colour"} == {fault["parameter"] for fault in answer.json["errors"]}


@pytest.mark.parametrize("query", ["", "zoom=3", "bbox=-1,51,1,52"])
def test_bbox_and_zoom_are_required(client: testing.TestClient, query: str) -> None:
    assert 400 == get(client, f"/rooms/clusters?{query}").status_code


def test_unchanged_clusters_are_not_sent_again(client: testing.TestClient) -> None:
    first = get(client, f"{MAP}&zoom=9")

    again = get(client, f"{MAP}&zoom=9", If_None_Match=first.headers["etag"])
    assert (304, b"") == (again.status_code, again.content)
    assert first.headers["etag"].startswith('W/"')
    assert "s-maxage=1" in first.headers["cache-control"]


def test_clusters_without_a_timely_sample_are_an_error() -> None:
    assert 503 == get(client_of(Slow()), f"{MAP}&zoom=9").status_code


def test_a_single_room_is_written_like_any_room(client: testing.TestClient) -> None:
    assert encode(FIRST_ROOMS[0]) in get(client, f"{MAP}&zoom=12").content
