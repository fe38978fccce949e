"""show and remove."""

import json

import pytest

from tests.builders import CSV_HEADER, NOTHING_MORE, make_room
from tests.cli.conftest import CommandLine, Storage

UUID = "f853578c-fc0f-4e65-81b8-566c5dffa35a"


@pytest.fixture(autouse=True)
def two_rooms(storage: Storage) -> None:
    storage.put(make_room(code=UUID), make_room(code="b2", size=None))


def test_a_room_is_shown_as_a_table(rentomatic: CommandLine) -> None:
    done = rentomatic("show", UUID)

    assert (done.code, done.err) == (0, "")
    for text in (UUID, "20 m²", "60", "51.50000", "-0.12000"):
        assert text in done.out


def test_a_room_with_many_fields_is_shown_with_each_on_a_line(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put(
        make_room(
            code="full",
            title="Quiet [room]",
            kind="Loft",
            guests=2,
            min_stay=3,
            features=["Wifi", "Desk"],
            description="Two lines:\nthis is the second.",
            url="https://rooms.example/full",
            photos=["front.jpg", "https://photos.example/back.jpg"],
        )
    )

    lines = [line.strip().split(maxsplit=1) for line in rentomatic("show", "full").out.splitlines()]

    assert ["Code", "full"] == lines[0]
    assert ["Title", "Quiet [room]"] in lines
    assert ["Features", "Desk, Wifi"] in lines
    assert ["Description", "Two lines:"] in lines
    assert ["this", "is the second."] in lines
    assert ["Photos", "front.jpg"] in lines
    assert ["https://photos.example/back.jpg"] in lines
    assert "Neighbourhood" not in str(lines)


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ("json", '[{"code":"b2","size":null,"price":60,"latitude":51.5,"longitude":-0.12}]\n'),
        ("ndjson", '{"code":"b2","size":null,"price":60,"latitude":51.5,"longitude":-0.12}\n'),
        ("csv", f"{CSV_HEADER}\r\nb2,,60,51.5,-0.12{NOTHING_MORE}\r\n"),
    ],
)
def test_a_room_is_shown_as_json(rentomatic: CommandLine, format_: str, expected: str) -> None:
    done = rentomatic("show", "b2", "--format", format_)

    assert (0, expected, "") == (done.code, done.out, done.err)


def test_a_room_is_shown_as_geojson(rentomatic: CommandLine) -> None:
    done = rentomatic("show", "b2", "--format", "geojson")

    (feature,) = json.loads(done.out)["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [-0.12, 51.5]}


@pytest.mark.parametrize("command", ["show", "remove --yes"])
def test_a_uuid_may_be_in_upper_case(rentomatic: CommandLine, command: str) -> None:
    done = rentomatic(*command.split(), UUID.upper())

    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("command", ["show", "remove"])
@pytest.mark.parametrize("code", ["other", "B2", "a" * 37, "ü", "' OR 1=1", ""])
def test_an_unknown_code_is_not_found(
    rentomatic: CommandLine, storage: Storage, command: str, code: str
) -> None:
    done = rentomatic(command, code)

    assert (3, "", f"Error: There is no room {code or 'without a code'}.\n") == (
        done.code,
        done.out,
        done.err,
    )
    assert len(storage.rooms()) == 2


@pytest.mark.parametrize("command", ["show", "remove"])
def test_a_missing_code_is_bad_usage(rentomatic: CommandLine, command: str) -> None:
    done = rentomatic(command)

    assert (done.code, done.out) == (2, "")
    assert "Missing argument 'CODE'" in done.err


def test_a_removed_room_is_gone_and_the_others_stay(rentomatic: CommandLine, storage: Storage) -> None:
    removed = rentomatic("remove", UUID, "--yes")

    assert (0, f"Removed {UUID}.\n", "") == (removed.code, removed.out, removed.err)
    assert [make_room(code="b2", size=None)] == storage.rooms()
    assert (rentomatic("show", UUID).code, rentomatic("remove", UUID).code) == (3, 3)
