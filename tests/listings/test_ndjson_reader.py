"""NDJSON listings: one object per line, and invalid lines."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.listings import ndjson
from rentomatic.listings.columns import Columns
from rentomatic.serializers.ndjson import write
from rentomatic.use_cases.import_rooms import Refusal
from tests.builders import make_room, room_sets
from tests.listings.listings import only_refusal, read_ndjson

GOOD = {"code": "a1", "size": 20, "price": 60, "latitude": 51.5, "longitude": -0.12}


@given(rooms=room_sets())
def test_written_rooms_are_read_back_unchanged(rooms: list[Room]) -> None:
    assert rooms == read_ndjson(b"".join(write(rooms)).decode())


@given(rooms=room_sets())
def test_rooms_written_with_distances_are_read_back_without_them(rooms: list[Room]) -> None:
    assert rooms == read_ndjson(b"".join(write(rooms, Point(0.0, 0.0))).decode())


def test_members_may_be_in_any_order_among_others() -> None:
    line = {"host": {"name": "x"}, "lng": -0.12, "lat": 51.5, "Price": 60, "id": "a1", "tags": [1]}

    assert [make_room(size=None)] == read_ndjson(json.dumps(line))


def test_lines_may_have_different_members() -> None:
    lines = [GOOD, {"id": "b2", "price": 60, "lat": 51.5, "lon": -0.12}]

    read = read_ndjson("\n".join(map(json.dumps, lines)))

    assert [make_room(), make_room(code="b2", size=None)] == read


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code": 18674}, {"code": "18674"}),
        ({"size": None}, {"size": None}),
        ({"size": ""}, {"size": None}),
        ({"size": "25 m²"}, {"size": 25}),
        ({"size": 25.0}, {"size": 25}),
        ({"price": 85.0}, {"price": 85}),
        ({"price": "$1,200.00"}, {"price": 1200}),
        ({"latitude": "41,4"}, {"latitude": 41.4}),
        ({"longitude": 2}, {"longitude": 2.0}),
    ],
)
def test_a_value_may_be_a_number_or_its_text(changes: dict[str, object], expected: dict[str, object]) -> None:
    assert [make_room(**expected)] == read_ndjson(json.dumps({**GOOD, **changes}))


def test_columns_of_lines_before_stay_found() -> None:
    columns = Columns()
    lines = (GOOD, {"code": "b2", "price": 60, "latitude": 51.5, "longitude": -0.12})

    list(ndjson.read([f"{json.dumps(line)}\n" for line in lines], columns))

    assert "size" in columns.header.taken


def test_blank_lines_are_skipped_but_counted() -> None:
    read = read_ndjson(f"\n{json.dumps(GOOD)}\r\n  \n\nnonsense\n")

    assert [make_room(), only_refusal(read)] == read
    assert only_refusal(read).line == 5


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_a_listing_of_no_rooms(text: str) -> None:
    assert read_ndjson(text) == []


@pytest.mark.parametrize(
    ("changes", "column", "value", "reason"),
    [
        ({"code": None}, "code", "null", "must be 1 to 36 letters"),
        ({"code": 1.5}, "code", "1.5", "must be 1 to 36 letters"),
        ({"code": True}, "code", "true", "must be 1 to 36 letters"),
        ({"code": ["a1"]}, "code", '["a1"]', "must be 1 to 36 letters"),
        ({"size": True}, "size", "true", "must be a whole number"),
        ({"size": 20.5}, "size", "20.5", "is not a whole number"),
        ({"size": {}}, "size", "{}", "must be a whole number"),
        ({"size": -1}, "size", "-1", "must be between 1 and 2,147,483,647"),
        ({"price": None}, "price", "null", "must be a whole number"),
        ({"price": False}, "price", "false", "must be a whole number"),
        ({"price": 59.99}, "price", "59.99", "is not a whole number"),
        ({"price": -5}, "price", "-5", "must be between 0 and 2,147,483,647"),
        ({"price": 10**15}, "price", "1000000000000000", "must be between 0 and 2,147,483,647"),
        ({"price": "1,200"}, "price", "1,200", "thousands or a fraction"),
        ({"latitude": None}, "latitude", "null", "must be a number of degrees"),
        ({"latitude": True}, "latitude", "true", "must be a number of degrees"),
        ({"latitude": 91}, "latitude", "91", "must be between -90 and 90 degrees"),
        ({"longitude": [2.1]}, "longitude", "[2.1]", "must be a number of degrees"),
        ({"longitude": 180.5}, "longitude", "180.5", "must be between -180 and 180 degrees"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line_member_value_and_reason(
    changes: dict[str, object], column: str, value: str, reason: str
) -> None:
    read = read_ndjson(
        f"{json.dumps(GOOD)}\n{json.dumps({**GOOD, **changes})}\n{json.dumps({**GOOD, 'code': 'c3'})}\n"
    )

    refusal = only_refusal(read)

    assert [make_room(), refusal, make_room(code="c3")] == read
    assert (2, column, value) == (refusal.line, refusal.column, refusal.value)
    assert reason in refusal.reason


def test_object_with_thousands_of_members_costs_one_line() -> None:
    many = {"code": "a", "price": 1, "latitude": 1.0, "longitude": 1.0} | {f"m{n}": 0 for n in range(997)}

    (refusal,) = ndjson.read([json.dumps(many) + "\n"], Columns())

    assert isinstance(refusal, Refusal)
    assert "there are 1,001 columns: at most 1,000 are allowed" == refusal.reason


def test_deeply_nested_value_is_refused() -> None:
    def line(depth: int) -> str:
        value = "[" * depth + "]" * depth
        return f'{{"code": "a", "price": {value}, "latitude": 1, "longitude": 1}}\n'

    found = list(ndjson.read(map(line, range(1, sys.getrecursionlimit() + 100)), Columns()))

    assert {Refusal} == set(map(type, found))


@pytest.mark.parametrize("missing", ["code", "price", "latitude", "longitude"])
def test_a_missing_member_costs_one_line(missing: str) -> None:
    lacking = {name: value for name, value in GOOD.items() if name != missing}
    read = read_ndjson(f"{json.dumps(lacking)}\n{json.dumps(GOOD)}\n")

    refusal = only_refusal(read)

    assert [refusal, make_room()] == read
    assert (refusal.line, f"no column for the {missing};" in refusal.reason) == (1, True)


def test_a_missing_size_is_unstated() -> None:
    lacking = {name: value for name, value in GOOD.items() if name != "size"}

    assert [make_room(size=None)] == read_ndjson(json.dumps(lacking))


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "5",
        "null",
        '"text"',
        "{",
        '{"code": "a1",}',
        "{'code': 'a1'}",
        '{"code": NaN}',
        '{"code": "\\ud800"}',
        '{"code": "a1"} {"code": "b2"}',
        '{"price": ' + "9" * 5000 + "}",
        '{"price": 1e999}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "\x00",
    ],
    ids=range(16),
)
def test_a_line_that_is_not_an_object_costs_one_line(line: str) -> None:
    read = read_ndjson(f"{line}\n{json.dumps(GOOD)}\n")

    refusal = only_refusal(read)

    assert [refusal, make_room()] == read
    assert (refusal.line, refusal.column) == (1, "")
    assert "is not a JSON object" in refusal.reason
    assert len(refusal.value) <= 60


def test_members_in_another_language_are_mapped() -> None:
    line = {"Nummer": "a1", "Preis": 60, "lat": 51.5, "lon": -0.12}

    read = read_ndjson(json.dumps(line), {"code": "Nummer", "price": "Preis"})

    assert [make_room(size=None)] == read


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.fixed_dictionaries(dict.fromkeys(GOOD, JSON)))
def test_any_object_gives_a_room_or_refusals_of_its_line(values: dict[str, object]) -> None:
    read = read_ndjson(json.dumps(values))

    kinds = [type(found) for found in read]
    assert [Room] == kinds or {Refusal} == {*kinds}
    assert {1} >= {found.line for found in read if isinstance(found, Refusal)}
