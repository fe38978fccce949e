"""import: what is loaded from which listing, and what is reported."""

import gzip
from pathlib import Path

import pytest

from rentomatic.domain.room import Room
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import csv, ndjson
from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage

HEADER = "code,size,price,latitude,longitude\n"
LISTING = HEADER + "a1,20,60,51.5,-0.12\nb2,,85,41.4036,2.1744\n"
ROOMS = [make_room(), make_room(code="b2", size=None, price=85, latitude=41.4036, longitude=2.1744)]


def told(added: int = 0, replaced: int = 0, unchanged: int = 0, skipped: int = 0, refused: int = 0) -> str:
    """Return the summary that an import prints."""
    return (
        f"{added:,} added, {replaced:,} replaced, {unchanged:,} unchanged, {skipped:,} skipped, "
        f"{refused:,} refused.\n"
    )


def write(text: str, name: str = "rooms.csv", encoding: str = "utf-8") -> str:
    Path(name).write_bytes(text.encode(encoding))
    return name


COLUMNS = (
    "Columns: 'code', 'size', 'price', 'latitude', 'longitude'.\n"
    "Not in this file: title, kind, neighbourhood, guests, min_stay, features,\n  description, url, photos.\n"
)
"""What an import says about `HEADER`."""


def test_a_listing_is_loaded_and_counted(rentomatic: CommandLine, storage: Storage) -> None:
    done = rentomatic("import", write(LISTING))

    assert (0, told(added=2), COLUMNS) == (done.code, done.out, done.err)
    assert storage.rooms() == ROOMS


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("writer", [csv.write, ndjson.write], ids=["csv", "ndjson"])
def test_standard_input_may_be_csv_or_ndjson_plain_or_compressed(
    rentomatic: CommandLine, storage: Storage, writer: object, compressed: bool
) -> None:
    content = b"".join(writer(ROOMS))  # type: ignore[operator]

    done = rentomatic("import", "-", stdin=gzip.compress(content) if compressed else content)

    assert (0, told(added=2)) == (done.code, done.out)
    assert storage.rooms() == ROOMS


@pytest.mark.parametrize("name", ["rooms.ndjson", "rooms.jsonl", "rooms.ndjson.gz", "rooms.csv", "rooms"])
def test_ndjson_is_detected_by_its_content(rentomatic: CommandLine, storage: Storage, name: str) -> None:
    Path(name).write_bytes(b"".join(ndjson.write(ROOMS)))

    done = rentomatic("import", name)

    assert (0, told(added=2)) == (done.code, done.out)
    assert storage.rooms() == ROOMS


def test_a_stated_format_wins_over_the_name(rentomatic: CommandLine) -> None:
    done = rentomatic("import", write(LISTING, "rooms.ndjson"), "--format", "csv")

    assert (0, told(added=2)) == (done.code, done.out)


def test_a_listing_from_another_country_is_loaded(rentomatic: CommandLine, storage: Storage) -> None:
    text = (
        "Nummer;Fläche;Preis;lat;lng\r\n"
        '7;"25 m²";"1.200,00 €";52,52;13,405\r\n'
        "8;30;1.200;52,53;13,405\r\n"
    )  # fmt: skip
    options = ["--map", "code=Nummer", "--map", "size=Fläche", "--map", "price=Preis"]

    done = rentomatic(
        "import",
        write(text, encoding="windows-1252"),
        *options,
        "--encoding=windows-1252",
        "--decimal=comma",
    )

    expected = [
        Room(code="7", size=25, price=1200, latitude=52.52, longitude=13.405),
        Room(code="8", size=30, price=1200, latitude=52.53, longitude=13.405),
    ]
    assert (0, told(added=2)) == (done.code, done.out)
    assert expected == storage.rooms()


def test_refused_lines_are_listed_with_number_and_reason_and_others_loaded(
    rentomatic: CommandLine, storage: Storage
) -> None:
    done = rentomatic("import", write(LISTING + 'c3,,"1,200",0,0\nd4,,60\n'))

    errors = (
        "Refused: line 4, price '1,200': is ambiguous (thousands or a fraction): try --decimal point or "
        "--decimal comma\n"
        "Refused: line 5: has 3 columns, but the header has 5\n"
    )
    assert (1, told(added=2, refused=2)) == (done.code, done.out)
    assert done.err.startswith(errors)
    assert storage.rooms() == ROOMS


def test_only_the_first_ten_refused_lines_are_listed(rentomatic: CommandLine) -> None:
    done = rentomatic("import", write(HEADER + "bad\n" * 1234))

    lines = done.err.splitlines()
    assert (1, told(refused=1234)) == (done.code, done.out)
    assert 10 == sum(line.startswith("Refused: line") for line in lines)
    assert "… and 1,224 more lines; --report FILE lists all." in lines


def test_a_strict_import_loads_nothing_if_a_line_is_refused(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put(make_room(code="old"))

    done = rentomatic("import", write(LISTING + "bad\nworse,,x,0,0\n"), "--strict")

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "Refused: line 4: has 1 column, but the header has 5",
        "Refused: line 5, price 'x': is not a number",
        "Columns: 'code', 'size', 'price', 'latitude', 'longitude'.",
        "Refused lines by cause:",
        "  1 × line has more or fewer columns than the header",
        "  1 × price is not a number",
        "Error: Nothing was loaded: 2 lines are not valid rooms.",
    ]
    assert [make_room(code="old")] == storage.rooms()


def test_strict_import_counts_a_single_refused_line_in_words(rentomatic: CommandLine) -> None:
    done = rentomatic("import", write(LISTING + "bad\n"), "--strict")

    assert "Error: Nothing was loaded: 1 line is not a valid room." == done.err.splitlines()[-1]


def test_a_dry_run_reports_changes_and_makes_none(rentomatic: CommandLine, storage: Storage) -> None:
    before = [make_room(), make_room(code="b2"), make_room(code="old")]
    storage.put_all(before)

    done = rentomatic("import", write(LISTING + "c3,,60,0,0\nbad\n"), "--dry-run")

    expected = (
        "1 would be added, 1 would be replaced, 1 would be unchanged, 0 would be skipped, "
        "1 would be refused.\n"
    )
    assert (1, expected) == (done.code, done.out)
    assert done.err.startswith("Refused: line 5: has 1 column, but the header has 5\n")
    assert before == storage.rooms()


@pytest.mark.parametrize("options", [[], ["--on-conflict", "skip"]], ids=["replace", "skip"])
def test_a_dry_run_counts_the_same_as_an_import(
    rentomatic: CommandLine, storage: Storage, options: list[str]
) -> None:
    storage.put(make_room(price=1), make_room(code="b2", price=1))
    write(LISTING + "c3,,60,0,0\nc3,,60,0,0\nc3,,61,0,0\n")

    dry = rentomatic("import", "rooms.csv", "--dry-run", *options)
    real = rentomatic("import", "rooms.csv", *options)

    assert dry.out.replace(" would be", "") == real.out
    assert len(storage.rooms()) == 3


def test_an_existing_room_is_replaced_unless_it_is_equal(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room(), make_room(code="b2"))

    done = rentomatic("import", write(LISTING))

    assert (0, told(replaced=1, unchanged=1)) == (done.code, done.out)
    assert storage.rooms() == ROOMS


def test_an_existing_room_may_be_skipped(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room(price=1))

    done = rentomatic("import", write(LISTING), "--on-conflict", "skip")

    assert (0, told(added=1, skipped=1)) == (done.code, done.out)
    assert [make_room(price=1), ROOMS[1]] == storage.rooms()


def test_an_existing_room_may_fail_the_whole_import(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room(code="b2"))

    done = rentomatic("import", write(LISTING), "--on-conflict", "fail")

    assert (done.code, done.out, done.err) == (1, "", "Error: There is a room b2 already.\n")
    assert [make_room(code="b2")] == storage.rooms()


def test_damage_at_the_end_of_a_listing_changes_nothing(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room(code="old"))
    content = b"".join(csv.write(sample_rooms(5000)))
    Path("rooms.csv").write_bytes(content + b"caf\xe9,,60,0,0\r\n")
    Path("rooms.csv.gz").write_bytes(gzip.compress(content)[:-1000])

    text, zipped = rentomatic("import", "rooms.csv"), rentomatic("import", "rooms.csv.gz")

    assert (text.code, text.out) == (2, "")
    assert "Error: line 5002 is not UTF-8: it has the byte 0xe9." in text.err
    assert "try --encoding windows-1252" in text.err
    assert (zipped.code, zipped.out) == (2, "")
    assert "Error: rooms.csv.gz is a damaged gzip file" in zipped.err
    assert [make_room(code="old")] == storage.rooms()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "the file is empty"),
        ("no,sum,lat,lon\n", "no column for the code and the price; the columns are 'no', 'sum'"),
        ("code,price,price,lat,lon\n", "2 columns are called 'price'"),
        ('[{"code": "a1"}]', "this is a JSON array: write one object a line (NDJSON) instead"),
        (HEADER + "a" * 1_000_001, "line 2 is longer than 1000000 characters"),
        ("x" * 200_000, "the header cannot be read"),
    ],
    ids=["empty", "missing", "doubled", "array", "long line", "long header"],
)  # fmt: skip
def test_a_file_that_is_not_a_listing_is_bad_usage(
    rentomatic: CommandLine, storage: Storage, text: str, error: str
) -> None:
    done = rentomatic("import", write(text))

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Error: {error}")
    assert storage.rooms() == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["nowhere.csv"], "Error: nowhere.csv cannot be read: No such file or directory"),
        (["."], "Error: . cannot be read: Is a directory"),
        (["rooms.csv", "--map", "price=Miete"], "Error: there is no column 'Miete', only 'code', 'size'"),
        (["rooms.csv", "--map", "prize=price"], "'--map': 'prize' is not a field; did you mean price?"),
        (["rooms.csv", "--map", "size=a", "--map", "size=b"], "names the column of the size more than once"),
        (["rooms.csv", "--map", "price="], "'--map': names no column for the price, which every room has"),
        (["rooms.csv", "--map", "price"], "'--map': must be FIELD=COLUMN such as price=Preis, not 'price'"),
        (["rooms.csv", "--encoding", "klingon"], "'--encoding': 'klingon' is not a known encoding"),
        (["rooms.csv", "--encoding", "rot13"], "'--encoding': 'rot13' is not a known encoding"),
        (["rooms.csv", "--encoding", "undefined"], "'--encoding': 'undefined' is not a known encoding"),
        (["rooms.csv", "--decimal", "dot"], "Invalid value for '--decimal'"),
        (["rooms.csv", "--on-conflict", "ask"], "Invalid value for '--on-conflict'"),
        (["rooms.csv", "--format", "xls"], "Invalid value for '--format'"),
        ([], "Missing argument 'FILE'"),
    ],
)  # fmt: skip
def test_a_bad_argument_is_named(
    rentomatic: CommandLine, storage: Storage, arguments: list[str], error: str
) -> None:
    write(LISTING)

    done = rentomatic("import", *arguments)

    assert (done.code, done.out) == (2, "")
    assert error in done.err
    assert storage.rooms() == []


def test_a_missing_listing_creates_no_storage(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///new.db")

    done = rentomatic("import", "nowhere.csv")

    assert done.code == 2
    assert not storage.path.with_name("new.db").exists()


def test_no_progress_is_shown_without_a_terminal(rentomatic: CommandLine) -> None:
    Path("rooms.csv").write_bytes(b"".join(csv.write(sample_rooms(2000))))

    done = rentomatic("import", "rooms.csv")

    assert done.code == 0
    assert done.err.startswith("Columns: 'code'")


def test_control_characters_of_a_listing_do_not_reach_the_terminal(rentomatic: CommandLine) -> None:
    bad = '"\x1b[2J",,60,0,0\na1,,"\x07\x1b]0;title\x07",0,0\n\x1b[31m\n'

    done = rentomatic("import", write(HEADER + bad))

    assert told(refused=3) == done.out
    assert not [character for character in done.err if ord(character) < 32 and character != "\n"]
