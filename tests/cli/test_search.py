import json
import re

import pytest

from tests.builders import CSV_HEADER, NOTHING_MORE, make_room
from tests.cli.conftest import CommandLine, Storage

UUID = "f853578c-fc0f-4e65-81b8-566c5dffa35a"
NEAR = "51.5,-0.12"

CHEAP = make_room(code="cheap", price=40, size=12)
DEAR = make_room(code="dear", price=90, size=35, latitude=51.51)
UNSTATED = make_room(code=UUID, price=60, size=None, latitude=51.52)


@pytest.fixture(autouse=True)
def three_rooms(storage: Storage) -> None:
    storage.put(CHEAP, DEAR, UNSTATED)


def rows(table: str) -> list[list[str]]:
    """Return the cells of a table, the header first; units are beside their numbers."""
    lines = [line for line in table.splitlines() if line.strip() and "─" not in line]
    return [re.sub(r"(?<=[0-9]) (?=m)", "", line).split() for line in lines]


def codes(output: str) -> list[str]:
    """Return the codes of the rooms in a table."""
    return [row[0] for row in rows(output) if row[0] in ("cheap", "dear", UUID)]


def test_rooms_are_shown_as_a_table(rentomatic: CommandLine) -> None:
    done = rentomatic("search")

    expected = [
        ["code", "size", "price", "latitude", "longitude"],
        ["cheap", "12m²", "40", "51.50000", "-0.12000"],
        ["dear", "35m²", "90", "51.51000", "-0.12000"],
        [UUID, "60", "51.52000", "-0.12000"],
    ]
    assert (done.code, done.err) == (0, "")
    assert expected == rows(done.out)


def test_place_copied_from_a_map_is_understood(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "--near", "51.52, -0.12", "--bbox=-1, 51, 1, 52", "code__in=dear, cheap")

    assert (0, ["dear", "cheap"]) == (done.code, codes(done.out))


def test_near_a_point_the_table_shows_and_sorts_by_distance(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "--near", "51.52,-0.12")

    header, *found = rows(done.out)
    assert codes(done.out) == [UUID, "dear", "cheap"]
    assert header[-1] == "distance"
    assert [row[-1] for row in found] == ["0m", "1,112m", "2,224m"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["price__lt=60"], ["cheap"]),
        (["price__lte=60"], ["cheap", UUID]),
        (["price__gte=60", "size__gt=12"], ["dear"]),
        (["code__in=dear,cheap,other"], ["cheap", "dear"]),
        ([f"code__eq={UUID.upper()}"], [UUID]),
        (["size__ne=12"], ["dear"]),
        (["latitude__gt=51.505"], ["dear", UUID]),
        (["--bbox", "-0.2,51.505,0.1,51.6"], ["dear", UUID]),
        (["--near", NEAR, "--radius", "1200"], ["cheap", "dear"]),
        (["--near", NEAR, "--radius", "0"], ["cheap"]),
        (["--sort", "price"], ["cheap", UUID, "dear"]),
        (["--sort", "-price"], ["dear", UUID, "cheap"]),
        (["--sort", "size"], ["cheap", "dear", UUID]),
        (["--sort", "-size"], ["dear", "cheap", UUID]),
        (["--sort", "-code"], [UUID, "dear", "cheap"]),
        (["--near", NEAR, "--sort", "price", "price__gt=40"], [UUID, "dear"]),
        (["price__lt=0"], []),
    ],
)
def test_every_condition_area_and_sort_is_applied(
    rentomatic: CommandLine, arguments: list[str], expected: list[str]
) -> None:
    done = rentomatic("search", *arguments)

    assert (done.code, done.err) == (0, "")
    assert expected == codes(done.out)


def test_the_count_covers_all_matching_rooms(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "price__gte=60", "--limit", "1", "--count")

    assert "2 rooms match." in done.out
    assert "1 room matches." in rentomatic("search", "--count", "price__lt=60").out
    assert "0 rooms match.\n" == rentomatic("search", "--count", "price__lt=0").out
    assert len(codes(done.out)) == 1


def test_a_cursor_leads_from_page_to_page(rentomatic: CommandLine) -> None:
    seen: list[str] = []
    cursor: list[str] = []
    for _ in range(3):
        page = rentomatic("search", "--sort", "-price", "--limit", "1", *cursor)
        seen += codes(page.out)
        cursor = re.findall(r"^Next page: (--cursor) (\S+)$", page.out, re.MULTILINE)
        cursor = list(cursor[0]) if cursor else []

    assert seen == ["dear", UUID, "cheap"]
    assert cursor == []


@pytest.mark.parametrize("near", [[], ["--near", "51.500001234,-0.120001234"]], ids=["by code", "near"])
def test_a_cursor_is_printed_on_one_line(rentomatic: CommandLine, near: list[str]) -> None:
    done = rentomatic("search", "--limit", "2", *near)

    assert re.fullmatch(r"Next page: --cursor [\w-]+", done.out.splitlines()[-1])


def test_a_cursor_of_another_search_is_refused(rentomatic: CommandLine) -> None:
    page = rentomatic("search", "--limit", "1")
    (cursor,) = re.findall(r"--cursor\s+(\S+)", page.out)

    done = rentomatic("search", "price__lt=60", "--cursor", cursor)

    assert (done.code, done.out) == (2, "")
    assert "Error: --cursor: belongs to a search with other filters" in done.err


def test_json_is_an_array(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "code__ne=dear", "--format", "json")

    expected = [
        {"code": "cheap", "size": 12, "price": 40, "latitude": 51.5, "longitude": -0.12},
        {"code": UUID, "size": None, "price": 60, "latitude": 51.52, "longitude": -0.12},
    ]
    assert (done.code, done.err) == (0, "")
    assert expected == json.loads(done.out)
    assert done.out.endswith("]\n")


def test_csv_has_a_header_and_one_line_per_room(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "--near", NEAR, "--radius", "1", "--format", "csv")

    expected = f"{CSV_HEADER},distance\r\ncheap,12,40,51.5,-0.12{NOTHING_MORE},0.0\r\n"
    assert (0, expected, "") == (done.code, done.out, done.err)


def test_ndjson_is_one_object_per_line(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "--format", "ndjson")

    assert [json.loads(line)["code"] for line in done.out.splitlines()] == ["cheap", "dear", UUID]


def test_geojson_is_a_feature_collection(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "--format", "geojson")

    places = [feature["geometry"]["coordinates"] for feature in json.loads(done.out)["features"]]
    assert places == [[-0.12, 51.5], [-0.12, 51.51], [-0.12, 51.52]]


@pytest.mark.parametrize(("format_", "expected"), [("json", "[]\n"), ("ndjson", "")])
def test_no_rooms_are_an_empty_file(rentomatic: CommandLine, format_: str, expected: str) -> None:
    done = rentomatic("search", "price__lt=0", "--format", format_)

    assert (0, expected) == (done.code, done.out)


@pytest.mark.parametrize(
    ("argument", "error"),
    [
        ("prize__lt=60", "prize__lt: is not a parameter; did you mean price__lt?"),
        (
            "price__below=60",
            "price__below: is not a parameter: price takes only eq, ne, lt, lte, gt, gte, in",
        ),
        ("price=60", "price: is not a parameter; did you mean price__eq?"),
        ("max_price=60", "max_price: is not a parameter; did you mean price__lte?"),
        ("words=quiet", "words: is not a parameter; did you mean --words?"),
        ("price__lt=", "price__lt: must be a whole number such as 60, not ''"),
        ("price__lt=1_000", "price__lt: must be a whole number such as 60, not '1_000'"),
        ("price__lt= 5 ", "price__lt: must be a whole number such as 60, not ' 5 '"),
        ("price__lt=²", "price__lt: must be a whole number such as 60, not '²'"),
        ("price__lt=٥", "price__lt: must be a whole number such as 60, not '٥'"),
        ("price__lt=NaN", "price__lt: must be a whole number such as 60, not 'NaN'"),
        ("price__lt=9999999999", "price__lt: must be between -2,147,483,648 and 2,147,483,647"),
        ("latitude__lt=1e999", "latitude__lt: must be between -90 and 90, not '1e999'"),
        ("code__eq=-", "code__eq: must be 1 to 36 letters, digits or . _ ~ -"),
        ("code__in=a,,b", "code__in: must be 1 to 36 letters, digits or . _ ~ -"),
        ("--near=51.5", "--near: must be latitude,longitude such as 51.5,-0.12, not '51.5'"),
        (
            "--near=91,0",
            "--near: must be latitude,longitude such as 51.5,-0.12, not '91,0': latitude must be between -90",
        ),
        (
            "--near=(41.39, 2.17)",
            "--near: must be latitude,longitude such as 51.5,-0.12, not '(41.39, 2.17)'",
        ),
        ("--radius=5", "--radius: needs --near, the point to measure from"),
        ("--bbox=1,2,3", "--bbox: must be west,south,east,north"),
        (
            "--bbox=0,52,1,51",
            "--bbox: must be west,south,east,north such as -0.2,51.4,0.1,51.6, not '0,52,1,51': south must",
        ),
        ("--sort=cheap", "--sort: must be one of code, -code, price, -price, size, -size, distance"),
        ("--sort=distance", "--sort: by distance needs --near, the point to measure from"),
        ("--cursor=abc", "--cursor: is not a cursor of this service"),
        ("--limit=0", "--limit: must be between 1 and 1,000, not '0'"),
        ("--limit=1001", "--limit: must be between 1 and 1,000, not '1001'"),
    ],
)
def test_a_bad_parameter_is_named_on_standard_error(
    rentomatic: CommandLine, argument: str, error: str
) -> None:
    done = rentomatic("search", argument)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Error: {error}")


@pytest.mark.parametrize("limit", ["many", "1_0", " 5 ", "٣", "²", "1e2", "5.0", ""])
def test_a_limit_must_be_a_plain_number(rentomatic: CommandLine, limit: str) -> None:
    done = rentomatic("search", "--limit", limit)

    assert (done.code, done.out) == (2, "")
    assert "--limit" in done.err


def test_every_bad_parameter_is_named_at_once(rentomatic: CommandLine) -> None:
    done = rentomatic(
        "search", "price__lt=x", "prize__lt=1", "--near=1", "--radius=-1", "--sort=a", "--limit=b"
    )

    named = [line.removeprefix("Error: ").partition(": ")[0] for line in done.err.splitlines()]
    assert (done.code, done.out) == (2, "")
    assert {"price__lt", "prize__lt", "--near", "--radius", "--sort", "--limit"} == set(named)
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("name", ["near", "radius", "bbox", "sort", "limit"])
def test_an_option_without_its_dashes_is_not_reported_as_a_bad_condition(
    rentomatic: CommandLine, name: str
) -> None:
    done = rentomatic("search", f"{name}=5")

    assert (done.code, done.out) == (2, "")
    assert f"--{name}" in done.err
    assert "did you mean" not in done.err


def test_the_value_of_a_bad_parameter_is_shown_as_typed(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "price__lt=filter_x")

    assert "not 'filter_x'" in done.err


@pytest.mark.parametrize("argument", ["price", "=60"])
def test_a_condition_without_a_value_or_a_name_is_bad_usage(rentomatic: CommandLine, argument: str) -> None:
    done = rentomatic("search", argument)

    assert (done.code, done.out) == (2, "")
    assert (
        f"'{argument}' is not a condition; write it like price__lt=60. Search for words with --words."
        in done.err
    )


WORDS = (["--words", "QUIET desk"], ["-q", "desk quiet"], ["q=quiet desk"])


@pytest.mark.parametrize("given", WORDS)
@pytest.mark.parametrize("command", ["search", "export", "summary"])
def test_words_are_an_option_or_written_as_in_a_url(
    rentomatic: CommandLine, command: str, given: list[str]
) -> None:
    place = ["--latitude=51", "--longitude=0"]
    rentomatic("add", "--code=a", "--price=61", "--title=A quiet desk", *place)
    rentomatic("add", "--code=b", "--price=62", "--title=Desk", *place)

    done = rentomatic(command, *given, "--format", "json")

    assert (done.code, done.err) == (0, "")
    assert "61" in done.out
    assert "62" not in done.out


def test_a_text_without_words_is_named_by_its_option(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "--words", "!")

    assert (done.code, done.out) == (2, "")
    assert "--words: must have a word, such as quiet, not '!'" in done.err


@pytest.mark.parametrize("argument", ["--nearby=1,2", "--format=xml"])
def test_a_bad_option_is_named_with_a_hint_to_help(rentomatic: CommandLine, argument: str) -> None:
    done = rentomatic("search", argument)

    assert (done.code, done.out) == (2, "")
    assert argument.partition("=")[0] in done.err
    assert "Try 'rentomatic search --help' for help." in done.err
