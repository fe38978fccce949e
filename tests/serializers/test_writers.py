"""What all formats have in common, and what each looks like."""

import csv
import io
import json
from itertools import islice

import pytest
from hypothesis import given

from rentomatic.domain.fields import MEMBERS, NAMES
from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room, stated
from rentomatic.requests.search import Format
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers.formats import WRITERS
from tests.builders import CSV_HEADER, NOTHING_MORE, WHOLE, make_room, room_sets

KEYS = ["code", "size", "price", "latitude", "longitude"]
NEAR = Point(51.5, -0.12)

TWO_ROOMS = (make_room(), make_room(code="b2", size=None, price=0, latitude=-33.8688, longitude=151.2093))


def written(format_: Format, rooms: object = TWO_ROOMS, near: Point | None = None) -> bytes:
    return b"".join(WRITERS[format_].write(rooms, near, MEMBERS))  # type: ignore[arg-type]


def parsed(format_: Format, content: bytes) -> list[dict[str, object]]:
    """Return the rooms of the content as an independent program reads them: one dict each, keys in order."""
    text = content.decode()
    if format_ is Format.CSV:
        return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
    if format_ is Format.NDJSON:
        return [json.loads(line) for line in text.splitlines()]
    if format_ is Format.GEOJSON:
        return [feature["properties"] for feature in json.loads(text)["features"]]
    rooms: list[dict[str, object]] = json.loads(text)
    return rooms


def fields(room: Room) -> list[object]:
    more = (list(value) if isinstance(value, tuple) else value for value in stated(room).values())
    return [room.code, room.size, room.price, room.latitude, room.longitude, *more]


def test_every_format_has_a_writer_with_the_registered_media_type() -> None:
    media_types = {format_: writer.media_type for format_, writer in WRITERS.items()}

    expected = {
        Format.JSON: "application/json",
        Format.GEOJSON: "application/geo+json",
        Format.CSV: "text/csv",
        Format.NDJSON: "application/x-ndjson",
    }
    assert expected == media_types


def test_json_is_an_array_of_objects() -> None:
    expected = (
        b'[{"code":"a1","size":20,"price":60,"latitude":51.5,"longitude":-0.12},'
        b'{"code":"b2","size":null,"price":0,"latitude":-33.8688,"longitude":151.2093}]'
    )

    assert expected == written(Format.JSON)


def test_ndjson_is_one_object_per_line() -> None:
    expected = (
        b'{"code":"a1","size":20,"price":60,"latitude":51.5,"longitude":-0.12}\n'
        b'{"code":"b2","size":null,"price":0,"latitude":-33.8688,"longitude":151.2093}\n'
    )

    assert expected == written(Format.NDJSON)


def test_csv_is_a_header_and_a_line_per_room_with_unstated_sizes_empty() -> None:
    expected = [
        CSV_HEADER,
        f"a1,20,60,51.5,-0.12{NOTHING_MORE}",
        f"b2,,0,-33.8688,151.2093{NOTHING_MORE}",
        "",
    ]

    assert expected == written(Format.CSV).decode().split("\r\n")


@pytest.mark.parametrize("format_", [Format.JSON, Format.CSV, Format.NDJSON])
def test_keys_are_in_the_documented_order(format_: Format) -> None:
    rooms = parsed(format_, written(format_, [WHOLE] * 2))

    assert [list(room) for room in rooms] == [[*NAMES]] * 2


@pytest.mark.parametrize("format_", [Format.JSON, Format.CSV, Format.NDJSON])
def test_near_a_point_the_distance_comes_last(format_: Format) -> None:
    rooms = parsed(format_, written(format_, [WHOLE] * 2, near=NEAR))

    assert [[*NAMES, "distance"]] * 2 == [list(room) for room in rooms]


@pytest.mark.parametrize("format_", Format)
def test_near_a_point_every_room_carries_its_distance_in_metres_to_the_centimetre(format_: Format) -> None:
    room = make_room(latitude=51.51, longitude=-0.12)

    (found,) = parsed(format_, written(format_, [room], NEAR))

    assert float(str(found["distance"])) == 1111.95  # a hundredth of a degree, 2π · 6 371 008.8 m / 36 000


@pytest.mark.parametrize("format_", Format)
def test_a_room_at_the_point_is_zero_metres_away(format_: Format) -> None:
    (found,) = parsed(format_, written(format_, [make_room()], NEAR))

    assert float(str(found["distance"])) == 0.0


@pytest.mark.parametrize(
    ("format_", "near", "expected"),
    [
        (Format.JSON, None, b"[]"),
        (Format.JSON, NEAR, b"[]"),
        (Format.GEOJSON, None, b'{"type":"FeatureCollection","features":[]}'),
        (Format.GEOJSON, NEAR, b'{"type":"FeatureCollection","features":[]}'),
        (Format.CSV, None, f"{CSV_HEADER}\r\n".encode()),
        (Format.CSV, NEAR, f"{CSV_HEADER},distance\r\n".encode()),
        (Format.NDJSON, None, b""),
        (Format.NDJSON, NEAR, b""),
    ],
)
def test_a_file_without_rooms_is_valid(format_: Format, near: Point | None, expected: bytes) -> None:
    assert expected == written(format_, [], near)


@pytest.mark.parametrize("near", [None, NEAR], ids=["", "near"])
@pytest.mark.parametrize("count", [1, 999, 1000, 1001, 2500])
@pytest.mark.parametrize("format_", Format)
def test_several_batches_of_rooms_make_one_file(format_: Format, count: int, near: Point | None) -> None:
    rooms = list(sample_rooms(count))

    found = parsed(format_, written(format_, rooms, near))

    assert [room.code for room in rooms] == [room["code"] for room in found]


@pytest.mark.parametrize("format_", Format)
def test_rooms_are_written_while_they_are_read(format_: Format) -> None:
    endless = sample_rooms(10**12)

    pieces = list(islice(WRITERS[format_].write(endless, None, MEMBERS), 3))

    assert len(pieces) == 3


@given(rooms=room_sets())
def test_json_and_ndjson_keep_every_float_exactly(rooms: list[Room]) -> None:
    expected = [fields(room) for room in rooms]

    for format_ in (Format.JSON, Format.NDJSON):
        assert expected == [list(room.values()) for room in parsed(format_, written(format_, rooms))]


@given(rooms=room_sets())
def test_csv_keeps_every_float_exactly(rooms: list[Room]) -> None:
    found = parsed(Format.CSV, written(Format.CSV, rooms))

    expected = [(room.latitude, room.longitude) for room in rooms]
    assert expected == [(float(str(room["latitude"])), float(str(room["longitude"]))) for room in found]


@given(rooms=room_sets())
def test_no_cell_of_a_csv_can_run_as_a_formula(rooms: list[Room]) -> None:
    content = written(Format.CSV, rooms, NEAR).decode()

    cells = [cell for row in csv.reader(io.StringIO(content, newline="")) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))] == []
    for cell in cells:
        assert not cell.startswith("-") or float(cell) < 0


TITLED = make_room(title="Quiet")


@pytest.mark.parametrize("near", [None, NEAR], ids=["", "near"])
@pytest.mark.parametrize("format_", [Format.JSON, Format.NDJSON, Format.GEOJSON])
def test_a_title_is_a_member_only_of_rooms_that_state_one(format_: Format, near: Point | None) -> None:
    bare, titled = parsed(format_, written(format_, [make_room(), TITLED], near))

    assert "title" not in bare
    assert {**bare, "title": "Quiet"} == titled


@pytest.mark.parametrize("format_", list(Format))
def test_fields_that_are_all_but_one_are_written_without_it(format_: Format) -> None:
    chosen = tuple([name for name in MEMBERS if name != "description"])

    (room,) = parsed(format_, b"".join(WRITERS[format_].write([WHOLE], NEAR, chosen)))

    assert "description" not in room
    assert {"title", "distance"} < room.keys()


def test_a_title_that_looks_like_a_formula_is_defused_in_csv() -> None:
    lines = written(Format.CSV, [make_room(title="=1+1"), make_room()]).decode().splitlines()

    assert [
        CSV_HEADER,
        f"a1,20,60,51.5,-0.12,'=1+1{NOTHING_MORE[1:]}",
        f"a1,20,60,51.5,-0.12{NOTHING_MORE}",
    ] == lines
