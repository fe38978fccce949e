from collections.abc import Iterator

import pytest

from rentomatic.domain.room import Room
from rentomatic.listings import formats
from rentomatic.listings.columns import Columns
from rentomatic.listings.formats import MAX_LINES_WITHOUT_ROOM, read
from rentomatic.listings.source import ListingError
from rentomatic.use_cases.import_rooms import Remedy
from tests.builders import make_room

LINE = '{"code":"a1","size":20,"price":60,"latitude":51.5,"longitude":-0.12}\n'


@pytest.mark.parametrize("before", ["", "\n", "  \n\n"])
@pytest.mark.parametrize(
    "text", [LINE, "code,size,price,latitude,longitude\na1,20,60,51.5,-0.12\n"], ids=["ndjson", "csv"]
)
def test_the_first_line_determines_the_format(before: str, text: str) -> None:
    assert [make_room()] == list(read((before + text).splitlines(keepends=True), Columns()))


@pytest.mark.parametrize("name", ["rooms.ndjson", "rooms.jsonl.gz"])
def test_the_file_name_determines_the_format(name: str) -> None:
    (refusal,) = read(["code,price\n"], Columns(), name=name)

    assert "is not a JSON object" in str(refusal)


@pytest.mark.parametrize(
    ("line", "message"),
    [('[{"code":"a1"}]', "JSON array"), ('{"type":"FeatureCollection","features":[]}', "GeoJSON")],
)
def test_a_format_that_can_only_be_written_is_named(line: str, message: str) -> None:
    with pytest.raises(ListingError, match=message):
        read([line], Columns())


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_listing_with_too_many_successive_blank_lines_is_refused(kind: str) -> None:
    read_lines = 0

    def lines() -> Iterator[str]:
        nonlocal read_lines
        yield from (
            ["code,size,price,latitude,longitude\n", "a1,20,60,51.5,-0.12\n"] if kind == "csv" else [LINE]
        )
        while read_lines < 3_000_000:
            read_lines += 1
            yield "\n"

    rooms = read(lines(), Columns())

    assert make_room() == next(rooms)
    with pytest.raises(
        ListingError, match=r"1,000,000 lines in a row without a valid room after line [12]: they are blank"
    ):
        next(rooms)
    assert MAX_LINES_WITHOUT_ROOM + 2 == read_lines


def test_a_listing_of_refused_lines_is_refused_with_the_first_reason_and_advice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(formats, "MAX_LINES_WITHOUT_ROOM", 10)
    lines = ["code,price,lat,lng\n", "a1,60,51.5,-0.12\n", *['a2,"1,200",51.5,-0.12\n'] * 20]

    with pytest.raises(
        ListingError, match="10 lines in a row without a valid room after line 2, first line 3"
    ) as error:
        list(read(lines, Columns()))
    assert Remedy("decimal", ("point", "comma")) == error.value.remedy


def test_blank_and_refused_lines_between_rooms_are_accepted_up_to_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(formats, "MAX_LINES_WITHOUT_ROOM", 10)
    lines = ["code,price,lat,lng\n"]
    for number in range(20):
        lines += [*["\n"] * 4, *["x\n"] * 5, f"a{number},60,51.5,-0.12\n"]

    assert 20 == sum(isinstance(found, Room) for found in read(lines, Columns()))


def test_listing_of_mostly_refused_lines_is_refused_however_they_are_spread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(formats, "MAX_REFUSED", 10)
    mostly_refused, half_refused = ["code,price,lat,lng\n"], ["code,price,lat,lng\n"]
    for number in range(20):
        mostly_refused += ["x\n", "x\n", f"a{number},60,51.5,-0.12\n"]
        half_refused += [f"a{number},60,51.5,-0.12\n", "b,x,99,0\n"]

    with pytest.raises(ListingError, match="more than 10 invalid lines, and fewer valid ones"):
        list(read(mostly_refused, Columns()))
    assert 60 == len(list(read(half_refused, Columns())))
