import base64
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import SORTS, Condition, Field, Operator, Position, RoomQuery
from rentomatic.requests import cursor
from rentomatic.requests.search import parse_search
from rentomatic.use_cases.errors import ParametersError
from tests.builders import ROOMS, make_room, queries

QUERY = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 60),), sort=SORTS["price"])
CURSOR = cursor.encode(QUERY, Position(39, "a1"))


@given(queries(), ROOMS)
def test_a_cursor_gives_back_the_position_it_was_made_of(query: RoomQuery, room: Room) -> None:
    position = query.position(room)

    assert position == cursor.decode(cursor.encode(query, position), query)


@given(queries(), queries(), ROOMS)
def test_a_cursor_is_refused_with_other_filters(query: RoomQuery, other: RoomQuery, room: Room) -> None:
    same = (query.conditions, query.areas, query.near, query.sort) == (
        other.conditions, other.areas, other.near, other.sort,
    )  # fmt: skip
    assume(not same and set(query.conditions) != set(other.conditions))

    with pytest.raises(ValueError, match="belongs to a search"):
        cursor.decode(cursor.encode(query, query.position(room)), other)


@given(st.integers(0, len(CURSOR) - 1), st.characters())
def test_a_cursor_with_one_character_changed_is_refused(place: int, character: str) -> None:
    assume(CURSOR[place] != character)
    damaged = CURSOR[:place] + character + CURSOR[place + 1 :]

    with pytest.raises(ValueError, match="not a cursor"):
        cursor.decode(damaged, QUERY)


@given(st.text() | st.text("ABCabc012-_"))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        cursor.decode(text, QUERY)


@pytest.mark.parametrize(
    "content",
    [
        None,
        5,
        [[[[[[[[]]]]]]]],
        {},
        [],
        ["price"],
        ["price", None, None, None],
        ["price", cursor.filters_digest(QUERY), "39", "a1"],
        ["price", cursor.filters_digest(QUERY), 39.0, "a1"],
        ["price", cursor.filters_digest(QUERY), True, "a1"],
        ["price", cursor.filters_digest(QUERY), None, "a1"],
        ["price", cursor.filters_digest(QUERY), 2**63, "a1"],
        ["price", cursor.filters_digest(QUERY), 39, None],
        ["price", cursor.filters_digest(QUERY), 39, "no code"],
        ["price", cursor.filters_digest(QUERY), {"$gt": 0}, "a1"],
    ],
)
def test_a_forged_cursor_with_a_right_checksum_is_refused_all_the_same(content: object) -> None:
    raw = json.dumps(content).encode()
    forged = base64.urlsafe_b64encode(cursor._checksum(raw) + raw).rstrip(b"=").decode()

    with pytest.raises(ValueError, match=r"not a cursor|belongs to"):
        cursor.decode(forged, QUERY)


def test_a_cursor_brings_its_sort_along() -> None:
    query = parse_search([("filter_price__lt", "60"), ("cursor", CURSOR)]).query

    assert SORTS["price"] == query.sort
    assert Position(39, "a1") == query.after


def test_a_cursor_is_refused_with_another_sort() -> None:
    with pytest.raises(ParametersError, match="cursor: belongs to a search sorted by price"):
        parse_search([("filter_price__lt", "60"), ("sort", "size"), ("cursor", CURSOR)])


def test_a_cursor_may_be_used_with_another_limit_and_the_filters_in_another_order() -> None:
    first = [("filter_price__lt", "60"), ("filter_size__gt", "5"), ("limit", "2")]
    query = parse_search(first).query
    text = cursor.encode(query, query.position(make_room()))

    again = parse_search([("cursor", text), ("limit", "7"), *reversed(first[:2])]).query

    assert Position("a1", "a1") == again.after


def test_a_cursor_by_distance_needs_its_point() -> None:
    query = RoomQuery(near=Point(1, 2), sort=SORTS["distance"])
    text = cursor.encode(query, query.position(make_room()))

    with pytest.raises(ParametersError, match="near"):
        parse_search([("cursor", text)])


@pytest.mark.parametrize("depth", [100, 5000])
def test_a_forged_cursor_that_nests_deeply_is_refused(depth: int) -> None:
    raw = b"[" * depth
    forged = base64.urlsafe_b64encode(cursor._checksum(raw) + raw).rstrip(b"=").decode()

    with pytest.raises(ValueError, match="not a cursor"):
        cursor.decode(forged, QUERY)


@given(queries(), ROOMS)
def test_a_cursor_is_never_longer_than_may_be_read(query: RoomQuery, room: Room) -> None:
    assert len(cursor.encode(query, query.position(room))) <= cursor.MAX_CURSOR
