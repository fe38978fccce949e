"""CSV listings of many kinds: separators, line ends, quotes, and invalid lines."""

import csv as foreign
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.geography import Point
from rentomatic.domain.quoting import visible
from rentomatic.domain.room import Room
from rentomatic.listings import codes, csv
from rentomatic.listings.amounts import Decimal
from rentomatic.listings.columns import Columns
from rentomatic.listings.notes import notes
from rentomatic.listings.source import ListingError
from rentomatic.serializers.csv import write
from rentomatic.use_cases.import_rooms import ImportReport, Refusal
from tests.builders import make_room, room_sets
from tests.listings.listings import HEADER, lines_of, only_refusal, read_csv

ROOMS = [make_room(), make_room(code="b2", size=None, price=85, latitude=41.4036, longitude=2.1744)]
RECORDS = [
    ["code", "size", "price", "latitude", "longitude"],
    ["a1", "20", "60", "51.5", "-0.12"],
    ["b2", "", "85", "41.4036", "2.1744"],
]


def joined(separator: str = ",", end: str = "\n") -> str:
    return "".join(separator.join(record) + end for record in RECORDS)


@given(rooms=room_sets())
def test_written_rooms_are_read_back_unchanged(rooms: list[Room]) -> None:
    assert rooms == read_csv(b"".join(write(rooms)).decode())


@given(rooms=room_sets())
def test_rooms_written_with_distances_are_read_back_without_them(rooms: list[Room]) -> None:
    assert rooms == read_csv(b"".join(write(rooms, Point(0.0, 0.0))).decode())


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
def test_the_header_determines_the_separator(separator: str) -> None:
    assert read_csv(joined(separator)) == ROOMS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_any_line_ending_is_accepted(end: str) -> None:
    assert read_csv(joined(end=end)) == ROOMS


def test_the_last_line_needs_no_end() -> None:
    assert read_csv(joined().rstrip("\n")) == ROOMS


def test_every_cell_may_be_quoted() -> None:
    text = io.StringIO(newline="")
    foreign.writer(text, delimiter=";", quoting=foreign.QUOTE_ALL).writerows(RECORDS)

    assert read_csv(text.getvalue()) == ROOMS


def test_a_separator_inside_quotes_is_text() -> None:
    text = 'code;"price, a day; in €";latitude;longitude\na1;"1.200,00";51,5;-0,12\n'

    rooms = read_csv(text, {"price": "price, a day; in €"})

    assert [make_room(size=None, price=1200)] == rooms


def test_columns_may_be_in_any_order_among_others() -> None:
    text = "id,name,longitude,latitude,host,price,size\na1,Nice room,-0.12,51.5,,60,20\n"

    assert [make_room(title="Nice room")] == read_csv(text)


def test_blank_lines_are_skipped() -> None:
    assert read_csv(joined().replace("\n", "\n\n")) == ROOMS


def test_blank_lines_before_the_header_are_skipped() -> None:
    assert read_csv("\n\n" + joined()) == ROOMS


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n", ",,,\n"])
def test_an_empty_file_is_reported_as_empty(text: str) -> None:
    with pytest.raises(ListingError, match="the file is empty"):
        read_csv(text)


def test_a_header_alone_is_a_listing_of_no_rooms() -> None:
    assert read_csv(HEADER) == []


def test_line_numbers_count_the_lines_inside_quotes() -> None:
    text = (
        "code,price,latitude,longitude,description\n"
        'a,60,51.5,-0.12,"two\nlines"\n'  # lines 2 and 3
        'b,bad,51.5,-0.12,"three\r\nlines\rhere"\n'  # 4 to 6
        "c,worse,51.5,-0.12,\n"  # 7
    )

    refusals = read_csv(text)[1:]

    expected = [
        Refusal(4, "price", "bad", "is not a number"),
        Refusal(7, "price", "worse", "is not a number"),
    ]
    assert expected == refusals


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"code": ""}, "code", "must be 1 to 36 letters, digits or . _ ~ -, starting with a letter or digit"),
        ({"code": "=A1"}, "code", "starting with a letter or digit"),
        ({"code": "a b"}, "code", "must be 1 to 36 letters"),
        ({"code": "a" * 37}, "code", "must be 1 to 36 letters"),
        ({"code": "à"}, "code", "must be 1 to 36 letters"),
        ({"code": "a\x00"}, "code", "must be 1 to 36 letters"),
        ({"size": "0"}, "size", "must be between 1 and 2,147,483,647"),
        ({"size": "big"}, "size", "is not a number"),
        ({"price": ""}, "price", "is empty"),
        ({"price": "\x00"}, "price", "is not a number"),
        ({"price": "2147483648"}, "price", "must be between 0 and 2,147,483,647"),
        ({"price": "12.50"}, "price", "is not a whole number"),
        ({"latitude": ""}, "latitude", "is not a number of degrees such as 51.5074"),
        ({"latitude": "90.0001"}, "latitude", "must be between -90 and 90 degrees"),
        ({"longitude": "1e999"}, "longitude", "must be between -180 and 180 degrees"),
        ({"longitude": "-181"}, "longitude", "must be between -180 and 180 degrees"),
    ],
)
def test_an_invalid_line_is_refused_with_number_column_value_and_reason(
    changes: dict[str, str], column: str, reason: str, end: str
) -> None:
    good = {"code": "a1", "size": "20", "price": "60", "latitude": "51.5", "longitude": "-0.12"}
    bad = ",".join({**good, **changes}.values())
    last = ",".join({**good, "code": "c3"}.values())
    read = read_csv(end.join([HEADER, ",".join(good.values()), bad, last]))

    refusal = only_refusal(read)

    assert [make_room(), refusal, make_room(code="c3")] == read
    assert (3, column, visible(changes[column])) == (refusal.line, refusal.column, refusal.value)
    assert reason in refusal.reason


def test_a_code_that_comes_again_is_refused_with_its_first_line() -> None:
    uuid = "f853578c-fc0f-4e65-81b8-566c5dffa35a"
    given_codes = ("a1", uuid, "bad one", "a1", uuid.upper(), "bad one", "a1")
    read = read_csv(f"{HEADER}\n" + "".join(f"{code},20,60,51.5,-0.12\n" for code in given_codes))

    refused = [
        (line.line, line.column, line.value, line.reason)
        for line in read
        if isinstance(line, Refusal) and "already" in line.reason
    ]
    expected = [(5, "a1", 2), (6, uuid, 3), (8, "a1", 2)]
    assert [(n, "code", code, f"is on line {first} already") for n, code, first in expected] == refused
    assert [make_room(), make_room(code=uuid)] == read[:2]


def test_only_a_limited_number_of_codes_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "MAX_CODES", 2)
    columns = Columns()
    lines = "".join(f"{code},20,60,51.5,-0.12\n" for code in ("a1", "b2", "c3", "c3", "b2"))
    read = list(csv.read(lines_of(f"{HEADER}\n{lines}"), columns))

    assert [6] == [line.line for line in read if isinstance(line, Refusal)]
    assert any("codes were checked for coming twice" in note for note in notes(columns, ImportReport()))


@pytest.mark.parametrize(
    ("line", "columns"),
    [("b2,85", "2 columns"), ("b2,,85,41.4,2.2,,x", "7 columns"), ("nonsense", "1 column")],
)
def test_a_line_with_the_wrong_number_of_columns_is_refused(line: str, columns: str) -> None:
    read = read_csv(f"{HEADER}\na1,20,60,51.5,-0.12\n{line}\nc3,20,60,51.5,-0.12\n")

    problem = "has more or fewer columns than the header"
    expected = Refusal(3, "", line, f"has {columns}, but the header has 5", problem=problem)
    assert [make_room(), expected, make_room(code="c3")] == read


def test_an_unclosed_quote_is_refused_with_the_lines_it_covers() -> None:
    read = read_csv(f'{HEADER}\na1,20,60,51.5,-0.12\nb2,"20,60,51.5,-0.12\nc3,20,60,51.5,-0.12\n')

    refusal = only_refusal(read)

    assert [make_room(), refusal] == read
    assert refusal.line == 3
    assert "is a closing quote missing?; lines 3 to 4 were read as one record" in refusal.reason


def test_an_unclosed_quote_does_not_consume_the_whole_file() -> None:
    lines = [f"r{number},20,60,51.5,-0.12" for number in range(10_000)]
    lines[0] = lines[0].replace("r0", '"r0')

    read = read_csv("\n".join([HEADER, *lines]))

    assert only_refusal(read).line == 2
    assert make_room(code="r9999") == read[-1]


def test_a_quote_in_the_wrong_place_costs_one_line() -> None:
    read = read_csv(f'{HEADER}\n"a1"x,20,60,51.5,-0.12\nc3,20,60,51.5,-0.12\n')

    assert [only_refusal(read), make_room(code="c3")] == read
    assert (only_refusal(read).line, "cannot be read" in only_refusal(read).reason) == (2, True)


@pytest.mark.parametrize("length", [131_073, 900_000])
def test_an_endless_column_name_is_refused(length: int) -> None:
    with pytest.raises(ListingError, match="the header cannot be read"):
        read_csv("a" * length + "\n1\n")


def test_record_over_many_lines_is_refused_before_it_fills_the_memory() -> None:
    lines = iter(["code,price,latitude,longitude\n", '"cd\n', *['","cd\n'] * 300_000])

    with pytest.raises(ListingError, match=r"record that starts in line 2 is longer than 1,000,000 char"):
        list(csv.read(lines, Columns()))

    assert sum(map(len, lines)) > 700_000  # the rest was not read


def test_listing_with_thousands_of_columns_is_refused() -> None:
    header = ",".join(["code,price,latitude,longitude", *(f"c{n}" for n in range(997))])

    with pytest.raises(ListingError, match=r"there are 1,001 columns: at most 1,000 are allowed"):
        list(csv.read([header + "\n"], Columns()))


def test_an_endless_cell_costs_one_line() -> None:
    read = read_csv(f"{HEADER}\n{'a' * 200_000},20,60,51.5,-0.12\nc3,20,60,51.5,-0.12\n")

    assert [only_refusal(read), make_room(code="c3")] == read
    assert only_refusal(read).line == 2


def test_a_refused_value_is_shown_in_sixty_characters() -> None:
    refusal = only_refusal(read_csv(f"{HEADER}\na1,20,{'6' * 500},51.5,-0.12\n"))

    assert refusal.value == "6" * 59 + "…"


def test_a_stated_decimal_holds_for_prices_and_sizes() -> None:
    text = "code;size;price;latitude;longitude\na1;1.020;1.200;51,5;-0,12\n"

    assert [make_room(size=1020, price=1200)] == read_csv(text, decimal=Decimal.COMMA)


CELLS: st.SearchStrategy[Any] = st.text(max_size=8) | st.sampled_from(
    ["a1", "60", "51.5", '"', '""', "\x00", "=1+1", "\r", "\n", ",", ";"]
)


@given(st.lists(st.lists(CELLS, max_size=6).map(",".join), max_size=6).map("\n".join))
def test_any_text_below_the_header_gives_rooms_and_refusals_of_existing_lines(text: str) -> None:
    listing = f"{HEADER}\n{text}"

    read = read_csv(listing)

    lines = len(io.StringIO(listing, newline=None).read().split("\n"))
    assert all(2 <= line.line <= lines for line in read if isinstance(line, Refusal))


@pytest.mark.parametrize("padded", ["b2,20,60,51.5,-0.12,,", "b2,20,60,51.5,-0.12, ,\n,,,,,,\n , ,,,"])
def test_trailing_empty_cells_from_spreadsheets_are_ignored(padded: str) -> None:
    assert [make_room(), make_room(code="b2")] == read_csv(f"{HEADER}\na1,20,60,51.5,-0.12\n{padded}\n")


def test_the_separator_may_be_stated_as_in_excel() -> None:
    read = read_csv(f"sep=;\n{HEADER.replace(',', ';')}\na1;20;60;51,5;-0,12\nbad\n")

    assert make_room() == read[0]
    assert only_refusal(read).line == 4
