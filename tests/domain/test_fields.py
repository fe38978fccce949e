"""The table of fields agrees with the room that it describes."""

import math
from dataclasses import MISSING, fields

import pytest
from hypothesis import given

from rentomatic.domain.fields import (
    ALWAYS_WRITTEN,
    FIELD,
    FIELDS,
    NAMES,
    WRITTEN_IF_STATED,
    Description,
    Field,
    Operator,
    Unstated,
)
from rentomatic.domain.kinds import MAX_INTEGER
from rentomatic.domain.room import InvalidRoom, Room, room_of_values, stated, values_of
from rentomatic.domain.search import SortKey
from rentomatic.domain.words import words_of
from tests.builders import ROOMS, make_room


def test_table_lists_the_attributes_of_a_room_in_their_order() -> None:
    assert [field.name for field in fields(Room)] == [*NAMES]
    assert [*Field] == [field.name for field in FIELDS]


def test_fields_missing_from_documents_are_optional_in_a_room() -> None:
    left_out = [field.name for field in fields(Room) if field.default is not MISSING]

    assert [*WRITTEN_IF_STATED] == left_out
    assert NAMES == ALWAYS_WRITTEN + WRITTEN_IF_STATED


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_example_of_a_field_is_one_of_its_values(field: object) -> None:
    assert field.kind.problem(field.example) is None  # type: ignore[attr-defined]


def test_no_column_name_belongs_to_two_fields() -> None:
    names = [name for field in FIELDS for name in field.columns]

    assert sorted(set(names)) == sorted(names)


_EDGES = (
    None,
    True,
    "",
    "a",
    "import",
    -1,
    0,
    1,
    2.0,
    -90.5,
    90,
    180,
    -180.5,
    MAX_INTEGER,
    MAX_INTEGER + 1,
    math.nan,
)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@pytest.mark.parametrize("value", _EDGES)
def test_rooms_take_what_the_table_allows_and_nothing_else(field: Description, value: object) -> None:
    allowed = field.optional if value is None else field.kind.problem(value) is None

    refused = None
    try:
        make_room(**{field.name: value})
    except InvalidRoom as error:
        refused = error.problems

    assert allowed == (refused is None)
    assert allowed or {str(field.name)} == {*map(str, refused or {})}


def test_column_names_are_written_as_they_are_compared() -> None:
    names = [name for field in FIELDS for name in field.columns]

    assert names == ["".join(words_of(name)) for name in names]


def test_sortable_fields_accept_the_conditions_of_a_next_page() -> None:
    sorting = [FIELD[Field(key)] for key in SortKey if key is not SortKey.DISTANCE]

    assert all({Operator.EQ, Operator.LT, Operator.GT} <= {*field.operators} for field in sorting)


def test_only_the_size_is_null_in_documents() -> None:
    assert {Field.SIZE} == {field.name for field in FIELDS if field.unstated is Unstated.NULL}


@given(ROOMS)
def test_a_room_can_be_rebuilt_from_its_values(room: Room) -> None:
    assert room == room_of_values(values_of(room))


def test_a_minimal_room_states_no_optional_fields() -> None:
    assert {} == stated(make_room(size=None))
    assert {"title": "Quiet"} == stated(make_room(title="Quiet"))
