"""export: every matching room, in a file that is either complete or absent."""

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from rentomatic.domain.room import Room
from rentomatic.serializers import csv, geojson, ndjson
from rentomatic.serializers import json as json_array
from tests.builders import CSV_HEADER
from tests.cli.conftest import MANY_ROOMS as ROOMS
from tests.cli.conftest import CommandLine, Storage

WRITERS = {"csv": csv.write, "ndjson": ndjson.write, "json": json_array.write, "geojson": geojson.write}


@pytest.fixture(autouse=True)
def many_rooms(storage: Storage, rooms_file: Path) -> None:
    shutil.copy(rooms_file, storage.path)


def files() -> set[str]:
    """Return the files beside the storage."""
    return {path.name for path in Path().iterdir() if not path.name.startswith("rooms.db")}


def test_every_room_is_written_as_csv_to_standard_output(rentomatic: CommandLine) -> None:
    done = rentomatic("export")

    assert (done.code, done.err) == (0, "")
    assert b"".join(csv.write(ROOMS)).decode() == done.out


@pytest.mark.parametrize("format_", WRITERS)
def test_the_format_may_be_stated(rentomatic: CommandLine, format_: str) -> None:
    done = rentomatic("export", "--format", format_)

    assert (done.code, done.err) == (0, "")
    assert b"".join(WRITERS[format_](ROOMS)).decode() == done.out


@pytest.mark.parametrize("format_", WRITERS)
def test_the_format_is_detected_by_the_file_name(rentomatic: CommandLine, format_: str) -> None:
    plain = rentomatic("export", "-o", f"out.{format_}")
    zipped = rentomatic("export", "--output", f"out.{format_}.gz")

    expected = b"".join(WRITERS[format_](ROOMS))
    assert [(done.code, done.out, done.err) for done in (plain, zipped)] == [(0, "", "")] * 2
    assert expected == Path(f"out.{format_}").read_bytes()
    assert expected == gzip.decompress(Path(f"out.{format_}.gz").read_bytes())


def test_a_stated_format_wins_over_the_name(rentomatic: CommandLine) -> None:
    rentomatic("export", "-o", "out.csv", "--format", "ndjson")

    assert b"".join(ndjson.write(ROOMS)) == Path("out.csv").read_bytes()


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.ndjson", "out.ndjson.gz", "out.jsonl", "out"])
def test_an_exported_file_can_be_imported_by_its_name(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rentomatic("export", "-o", name)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///copy.db")

    done = rentomatic("import", name)

    assert done.code == 0
    assert storage.rooms() == ROOMS  # copy.db by now


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_an_export_can_be_imported_through_a_pipe(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    exported = rentomatic("export", "--format", format_)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///copy.db")

    rentomatic("import", "-", stdin=exported.out.encode())

    assert storage.rooms() == ROOMS


def test_an_export_applies_conditions_and_sort(rentomatic: CommandLine) -> None:
    done = rentomatic("export", "price__lt=60", "size__gte=15", "--sort", "-price", "--format", "ndjson")

    def wanted(room: Room) -> bool:
        return room.price < 60 and room.size is not None and room.size >= 15

    expected = sorted(filter(wanted, ROOMS), key=lambda room: (-room.price, room.code))
    assert len(expected) > 100
    assert [room.code for room in expected] == [json.loads(line)["code"] for line in done.out.splitlines()]


def test_an_export_near_a_point_has_distances_and_is_sorted_by_them(rentomatic: CommandLine) -> None:
    done = rentomatic("export", "--near", "51.5,-0.12", "--radius", "3000", "--format", "json")

    distances = [room["distance"] for room in json.loads(done.out)]
    assert len(distances) > 100
    assert sorted(distances) == distances
    assert 0 <= distances[0] <= distances[-1] <= 3000


def test_an_export_of_no_rooms_is_a_valid_file(rentomatic: CommandLine) -> None:
    rentomatic("export", "price__lt=0", "-o", "out.geojson.gz")

    content = json.loads(gzip.decompress(Path("out.geojson.gz").read_bytes()))
    assert content == {"type": "FeatureCollection", "features": []}


def test_an_export_replaces_the_file_and_leaves_no_other(rentomatic: CommandLine) -> None:
    Path("out.csv").write_text("old", encoding="utf-8")

    rentomatic("export", "-o", "out.csv", "--yes")

    assert b"".join(csv.write(ROOMS)) == Path("out.csv").read_bytes()
    assert {"out.csv"} == files()


@pytest.mark.parametrize("argument", ["prize__lt=1", "--bbox=1", "--sort=distance", "--format=xml"])
def test_a_bad_parameter_leaves_the_file_as_it_was(rentomatic: CommandLine, argument: str) -> None:
    Path("out.csv").write_text("old", encoding="utf-8")

    done = rentomatic("export", argument, "-o", "out.csv")

    assert (done.code, done.out) == (2, "")
    assert argument.partition("=")[0] in done.err
    assert Path("out.csv").read_text(encoding="utf-8") == "old"
    assert {"out.csv"} == files()


def test_an_unreachable_storage_leaves_no_file(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("broken.db").write_text("this is no SQLite file", encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///broken.db")

    done = rentomatic("export", "-o", "out.csv")

    assert (done.code, done.out, done.err) == (
        4,
        "",
        "Error: The file of the storage is not an SQLite file. (broken.db)\n",
    )
    assert {"broken.db"} == files()


def test_a_storage_that_fails_midway_leaves_no_file(rentomatic: CommandLine, storage: Storage) -> None:
    content = bytearray(storage.path.read_bytes())
    content[len(content) // 2 :] = b"\xa5" * (len(content) - len(content) // 2)
    storage.path.write_bytes(content)

    done = rentomatic("export", "-o", "out.csv")

    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("Error: The file of the storage is damaged")
    assert set() == files()


@pytest.mark.parametrize("name", ["nowhere/out.csv", "rooms.db/out.csv"])
def test_a_file_that_cannot_be_created_is_named_as_typed(rentomatic: CommandLine, name: str) -> None:
    done = rentomatic("export", "-o", name)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: ")
    assert f"{name}'" in done.err


def test_a_directory_is_refused_as_a_file(rentomatic: CommandLine) -> None:
    Path("folder").mkdir()

    done = rentomatic("export", "-o", "folder")

    assert (done.code, done.out) == (2, "")
    assert "File 'folder' is a directory" in done.err


def test_a_named_pipe_is_written_to_and_not_replaced(rentomatic: CommandLine) -> None:
    os.mkfifo("pipe")
    both_ends = os.open("pipe", os.O_RDWR | os.O_NONBLOCK)  # so that neither end waits for the other

    done = rentomatic("export", "code__eq=none", "-o", "pipe")

    assert (done.code, done.err) == (0, "")
    assert Path("pipe").is_fifo()
    assert os.read(both_ends, 1000) == f"{CSV_HEADER}\r\n".encode()
    os.close(both_ends)
