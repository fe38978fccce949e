"""A client built from the OpenAPI document alone works: add, edit with a conflict, page, import."""

from collections.abc import Iterator

import pytest

from rentomatic.settings import Scope
from tests.servers import rentomatic
from tests.web.conftest import key_of
from tests.web.partner import Partner

ROOM = {"size": 20, "price": 60, "latitude": 51.5, "longitude": -0.12}


@pytest.fixture(scope="module")
def partner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    folder = tmp_path_factory.mktemp("partner")
    key, entry = key_of("partner", *Scope)
    with rentomatic(
        f"sqlite:///{folder}/rooms.db", folder / "log", RENTOMATIC_API_KEYS=entry.entry
    ) as server:
        yield Partner(server.url, key)


def test_an_added_room_is_found_by_its_code(partner: Partner) -> None:
    added = partner.call("addRoom", body=ROOM)

    assert added.status == 201
    assert {**ROOM, "code": added.json["code"]} == partner.call("getRoom", code=added.json["code"]).json
    assert partner.call("addRoom", body=added.json).json["type"] == "urn:rentomatic:problem:code-taken"
    assert partner.call("deleteRoom", code=added.json["code"]).status == 204
    assert partner.call("getRoom", code=added.json["code"]).status == 404


def test_a_conflicting_edit_is_refused_and_can_be_retried(partner: Partner) -> None:
    partner.call("putRoom", code="shared", body=ROOM, If_None_Match="*")
    seen = partner.call("getRoom", code="shared")
    tag = seen.headers["ETag"]

    first = partner.call("putRoom", code="shared", body={**ROOM, "price": 55}, If_Match=tag)
    second = partner.call("putRoom", code="shared", body={**ROOM, "size": 25}, If_Match=tag)
    fresh = partner.call("getRoom", code="shared", format="geojson")
    third = partner.call(
        "putRoom",
        code="shared",
        body={**ROOM, "price": fresh.json["properties"]["price"], "size": 25},
        If_Match=fresh.headers["ETag"],
    )

    assert [200, 412, 200] == [first.status, second.status, third.status]
    assert (55, 25) == (third.json["price"], third.json["size"])


def test_a_listing_is_loaded_and_all_its_pages_are_read(partner: Partner) -> None:
    lines = [f"p{number:03},{number % 40 + 1},{number},52.{number:03},13.4" for number in range(100)]
    listing = "\n".join(["code,size,price,latitude,longitude", *lines, "broken"]).encode()

    report = partner.call("importRooms", body=listing, media_type="text/csv", on_conflict="replace")
    pages = list(
        partner.pages(
            "searchRooms",
            filter_price__lt=50,
            bbox=[13, 52, 14, 53],
            near=[52.0, 13.4],
            radius=1_000_000,
            sort="-price",
            limit=20,
        )
    )

    assert (100, 1) == (report.json["added"], report.json["refused"])
    assert [20, 20, 10] == [len(page) for page in pages]
    assert [f"p{number:03}" for number in reversed(range(50))] == [
        room["code"] for page in pages for room in page
    ]
    summary = partner.call("summariseRooms", filter_code__in=["p001", "p099"]).json
    assert (2, {"lowest": 1, "highest": 99}) == (summary["count"], summary["price"])


def test_a_fault_is_reported_with_its_path(partner: Partner) -> None:
    refused = partner.call("putRoom", code="shared", body={**ROOM, "price": -1})

    assert ["$.price"] == [fault["path"] for fault in refused.json["errors"]]
