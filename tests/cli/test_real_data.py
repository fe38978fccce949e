"""A real listing file, loaded unchanged."""

import csv
import json
from collections.abc import Iterator
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine, Storage
from tests.servers import rentomatic as serve

TESTS = Path(__file__).parents[1]
EXCERPT = TESTS / "data" / "barcelona-excerpt.csv"
FULL = TESTS.parents[1] / "shared" / "data" / "barcelona-listings.csv"
LISTINGS = {"excerpt": (EXCERPT, 500)} | ({"full": (FULL, 16_055)} if FULL.exists() else {})

LATITUDE, LONGITUDE = 41.4036, 2.1744


def haversine(latitude: float, longitude: float) -> float:
    """Return the metres from the search's point, on a sphere of radius 6 371 008.8 m."""
    north, east = radians(latitude - LATITUDE) / 2, radians(longitude - LONGITUDE) / 2
    chord = sin(north) ** 2 + cos(radians(LATITUDE)) * cos(radians(latitude)) * sin(east) ** 2
    return 2 * 6_371_008.8 * asin(sqrt(chord))


def near_and_cheap(listing: Path) -> Iterator[tuple[float, str]]:
    """Yield distance and code of each room within 500 m at 60 or less, found by reading the file."""
    with listing.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            metres = haversine(float(row["latitude"]), float(row["longitude"]))
            if metres <= 500 and int(row["price"]) <= 60:
                yield metres, row["id"]


@pytest.fixture(params=LISTINGS)
def listing(request: pytest.FixtureRequest, rentomatic: CommandLine) -> Path:
    """A listing that was loaded without options about its columns."""
    path, rooms = LISTINGS[request.param]

    done = rentomatic("import", str(path))

    expected = f"{rooms:,} added, 0 replaced, 0 unchanged, 0 skipped, 0 refused.\n"
    assert (0, expected) == (done.code, done.out)
    return path


def test_cheap_rooms_near_a_place_come_nearest_first(
    rentomatic: CommandLine, storage: Storage, listing: Path, tmp_path: Path
) -> None:
    near = ["price__lte=60", "--near", f"{LATITUDE},{LONGITUDE}", "--radius", "500", "--format", "ndjson"]

    searched = rentomatic("search", *near, "--limit", "1000")
    exported = rentomatic("export", *near)
    query = f"filter_price__lte=60&near={LATITUDE},{LONGITUDE}&radius=500&format=ndjson&limit=1000"
    with serve(f"sqlite:///{storage.path}", tmp_path / "server.log") as server:
        over_http = server.get(f"/rooms?{query}").body.decode()

    expected = sorted(near_and_cheap(listing))
    found = [json.loads(line) for line in searched.out.splitlines()]
    assert len(expected) > 90
    assert [code for _, code in expected] == [room["code"] for room in found]
    for (metres, _), room in zip(expected, found, strict=True):
        assert abs(metres - room["distance"]) < 0.01
    assert searched == exported
    assert searched.out == over_http


def test_every_room_matches_the_listing_and_survives_an_export_and_import(
    rentomatic: CommandLine, storage: Storage, listing: Path
) -> None:
    rentomatic("export", "-o", "again.csv.gz")

    again = rentomatic("import", "again.csv.gz", "--dry-run")

    with listing.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["id"])
    expected = [
        (row["id"], None, int(row["price"]), float(row["latitude"]), float(row["longitude"])) for row in rows
    ]
    rooms = [(room.code, room.size, room.price, room.latitude, room.longitude) for room in storage.rooms()]
    assert expected == rooms
    assert f"{len(rows):,} would be unchanged" in again.out
