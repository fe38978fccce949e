"""GeoJSON as in RFC 7946."""

import json
from typing import Any

from hypothesis import given

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.serializers import geojson
from tests.builders import make_room, room_sets


def collection(rooms: list[Room], near: Point | None = None) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(b"".join(geojson.write(rooms, near)))
    return content


def test_a_room_is_a_feature_with_longitude_before_latitude() -> None:
    found = collection([make_room(latitude=51.5, longitude=-0.12)])

    expected = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "a1",
                "geometry": {"type": "Point", "coordinates": [-0.12, 51.5]},
                "properties": {"code": "a1", "size": 20, "price": 60},
            }
        ],
    }
    assert expected == found


def test_an_unstated_size_is_null() -> None:
    (feature,) = collection([make_room(size=None)])["features"]

    assert feature["properties"] == {"code": "a1", "size": None, "price": 60}


def test_the_distance_is_a_property() -> None:
    (feature,) = collection([make_room()], Point(51.5, -0.12))["features"]

    assert feature["properties"] == {"code": "a1", "size": 20, "price": 60, "distance": 0.0}


@given(rooms=room_sets())
def test_every_collection_is_valid(rooms: list[Room]) -> None:
    found = collection(rooms)

    assert {"type", "features"} == set(found)  # no `crs`, section 4
    assert found["type"] == "FeatureCollection"
    for room, feature in zip(rooms, found["features"], strict=True):
        assert {"type", "id", "geometry", "properties"} == set(feature)  # section 3.2
        assert ("Feature", room.code) == (feature["type"], feature["id"])
        assert {"type": "Point", "coordinates": [room.longitude, room.latitude]} == feature["geometry"]
