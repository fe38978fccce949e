"""import --report: every refused line in a CSV file that is safe to open."""

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

HEADER = "code,size,price,latitude,longitude\n"


def report(rentomatic: CommandLine, listing: str, *options: str) -> list[list[str]]:
    """Return the rows of the report on a listing."""
    Path("rooms.csv").write_bytes(listing.encode())
    rentomatic("import", "rooms.csv", "--report", "refused.csv", *options)
    with Path("refused.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_every_refused_line_is_reported_with_columns_values_and_reasons(rentomatic: CommandLine) -> None:
    rows = report(rentomatic, HEADER + 'a1,,x,0,0\nb2,,60,0,0\nc3,,60\nd4,,60,"95\n,5",0\ne5,,x,95,0\n')

    expected = [
        ["line", "column", "value", "reason"],
        ["2", "price", "x", "is not a number"],
        ["4", "", "c3,,60", "has 3 columns, but the header has 5"],
        ["5", "latitude", "95<U+000A>,5", "is not a number of degrees such as 51.5074"],
        ["7", "price", "x", "is not a number"],
        ["7", "latitude", "95", "must be between -90 and 90 degrees"],
    ]
    assert expected == rows


def test_a_report_has_all_lines_even_if_the_output_does_not(rentomatic: CommandLine) -> None:
    rows = report(rentomatic, HEADER + "bad\n" * 1234)

    assert [str(number) for number in range(2, 1236)] == [row[0] for row in rows[1:]]


def test_a_report_on_a_valid_listing_is_only_a_header(rentomatic: CommandLine) -> None:
    rows = report(rentomatic, HEADER + "a1,,60,0,0\n")

    assert rows == [["line", "column", "value", "reason"]]


@pytest.mark.parametrize("options", [["--dry-run"], ["--strict"]], ids=["dry run", "strict"])
def test_an_import_that_loads_nothing_writes_a_report_too(
    rentomatic: CommandLine, options: list[str]
) -> None:
    rows = report(rentomatic, HEADER + "a1,,x,0,0\nb2,,y,0,0\n", *options)

    assert [row[:3] for row in rows[1:]] == [["2", "price", "x"], ["3", "price", "y"]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n="], ids=repr)
def test_a_value_that_looks_like_a_formula_is_defused(rentomatic: CommandLine, start: str) -> None:
    formula = f'{start}HYPERLINK("http://example.com")'
    quoted = formula.replace('"', '""')

    rows = report(rentomatic, f'{HEADER}"{quoted}",,60,0,0\na1,,"{quoted}",0,0\n"{quoted}"\n')

    for row in rows[1:]:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert "HYPERLINK" in row[2]


def test_a_column_name_that_looks_like_a_formula_is_defused(rentomatic: CommandLine) -> None:
    rows = report(rentomatic, "code,=price,latitude,longitude\na1,x,0,0\n")

    assert rows[1] == ["2", "'=price", "x", "is not a number"]


def test_a_report_in_a_missing_directory_fails_before_loading(
    rentomatic: CommandLine,
) -> None:
    Path("rooms.csv").write_text(HEADER + "a1,,60,0,0\n", encoding="utf-8")

    done = rentomatic("import", "rooms.csv", "--report", "nowhere/refused.csv")

    assert (done.code, done.out) == (1, "")
    assert "nowhere/refused.csv" in done.err
    assert (rentomatic("show", "a1").code, rentomatic("show", "a1").out) == (3, "")


def test_a_report_does_not_overwrite_the_listing(rentomatic: CommandLine) -> None:
    listing = HEADER + "a1,,60,0,0\nbad\n"
    Path("rooms.csv").write_text(listing, encoding="utf-8")

    done = rentomatic("import", "rooms.csv", "--report", "./rooms.csv")

    assert (done.code, done.out) == (2, "")
    assert listing == Path("rooms.csv").read_text(encoding="utf-8")
