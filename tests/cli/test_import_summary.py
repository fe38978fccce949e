"""What an import tells on the command line: every column, what the file lacks, why lines were refused."""

from pathlib import Path

import pytest

from rentomatic.cli.import_report import _WIDEST
from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage
from tests.cli.test_import import HEADER, told, write

AMSTERDAM = Path(__file__).parents[3] / "shared" / "data" / "amsterdam-listings.csv"


def in_one_line(text: str) -> str:
    """Return the text as it is before lines are wrapped."""
    return " ".join(text.split())


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_every_column_is_named_as_taken_or_left_out(rentomatic: CommandLine, options: list[str]) -> None:
    listing = write("id,price,lat,lon,accommodates,host_name,licence\na1,60,51.5,-0.12,2,Ann,X1\n")

    done = rentomatic("import", listing, *options)

    assert (
        "Columns: 'id' as code, 'price', 'lat' as latitude, 'lon' as longitude, 'accommodates' as guests. "
        "Left out (--map FIELD=COLUMN takes one): 'host_name', 'licence'. "
        "Not in this file: size, title, kind, neighbourhood, min_stay, features, description, url, photos."
    ) == in_one_line(done.err)


def test_members_of_all_objects_are_named(rentomatic: CommandLine) -> None:
    lines = (
        '{"id": "a1", "price": 60, "lat": 51.5, "lon": -0.12, "pets": true}\n'
        '{"code": "b2", "price": 60, "lat": 51.5, "lon": -0.12, "id": 7}\n'
    )

    done = rentomatic("import", write(lines, "rooms.ndjson"))

    assert in_one_line(done.err).startswith(
        "Columns: 'id' as code, 'price', 'lat' as latitude, 'lon' as longitude, 'code'. "
        "Left out (--map FIELD=COLUMN takes one): 'pets'."
    )


def test_eighty_columns_are_named_in_a_few_short_lines(rentomatic: CommandLine) -> None:
    more = "".join(f",column number {number}" for number in range(75))
    listing = write(f"code,size,price,latitude,longitude{more}\na1,20,60,51.5,-0.12{',x' * 75}\n")

    lines = rentomatic("import", listing).err.splitlines()

    assert "column number 74" in " ".join(lines)
    assert len(lines) < 30
    assert max(map(len, lines)) <= _WIDEST


def test_columns_of_a_hostile_header_do_not_reach_the_terminal(rentomatic: CommandLine) -> None:
    done = rentomatic("import", write("code,price,lat,lon,\x1b[31m,\u202eevil,\na1,60,51.5,-0.12,1,2,3\n"))

    assert "'<U+001B>[31m', '<U+202E>evil', (no name)" in in_one_line(done.err)


def test_import_says_that_what_replaced_rooms_stated_is_gone(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put(make_room(title="Quiet"))
    listing = write("code,price,lat,lon\na1,60,51.5,-0.12\n")

    previewed, done, again = (rentomatic("import", listing, *more) for more in (["--dry-run"], [], []))

    lacking = (
        "Not in this file: size, title, kind, neighbourhood, guests, min_stay, features, description, url, "
        "photos."
    )
    assert in_one_line(previewed.err).endswith(f"{lacking} What replaced rooms say of it would be gone.")
    assert in_one_line(done.err).endswith(f"{lacking} What replaced rooms said of it is gone.")
    assert in_one_line(again.err).endswith(lacking)
    assert [make_room(size=None)] == storage.rooms()


def test_cleaned_spacing_is_reported(rentomatic: CommandLine, storage: Storage) -> None:
    titles = ("Quiet", " Quiet ", "Quiet\t room", '"Quiet\nroom"', "a\u202eb")
    lines = (f"r{number},20,60,51.5,-0.12,{title}\n" for number, title in enumerate(titles))

    done = rentomatic("import", write("code,size,price,lat,lon,title\n" + "".join(lines)))

    assert "The spacing of the title was cleaned in 2 lines.\n" in done.err
    assert ["Quiet", "Quiet", "Quiet room", "Quiet room"] == [room.title for room in storage.rooms()]


def test_refused_lines_are_counted_by_cause_with_the_most_frequent_first(rentomatic: CommandLine) -> None:
    lines = ["5.01E+17,,60,0,0\n"] * 12 + ["bad\n"] + ["a1,,60.5,0,0\n", "a2,,x,0,0\n", "a3,,y,0,0\n"]

    done = rentomatic("import", write(HEADER + "".join(lines)))

    assert in_one_line(done.err).endswith(
        "Refused lines by cause: "
        "12 × code is in scientific notation: a spreadsheet has destroyed it; export the listing again, with "
        "this column as text "
        "2 × price is not a number "
        "1 × line has more or fewer columns than the header "
        "1 × price is not a whole number: try --round"
    )


def test_import_without_refused_lines_tells_no_causes(rentomatic: CommandLine) -> None:
    assert "cause" not in rentomatic("import", write(HEADER + "a1,,60,0,0\n")).err


@pytest.mark.skipif(not AMSTERDAM.exists(), reason="needs the listings beside the project")
def test_real_listing_with_crushed_ids_tells_how_many(rentomatic: CommandLine) -> None:
    done = rentomatic("import", str(AMSTERDAM))

    assert told(added=5223, refused=2385) == done.out
    assert "2,385 × id is in scientific notation: a spreadsheet has destroyed it" in in_one_line(done.err)
    assert "'room_type' as kind" in in_one_line(done.err)
    assert len(done.err.splitlines()) < 25
