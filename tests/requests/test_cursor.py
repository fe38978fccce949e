import base64
import json
import random
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import SORTS, Condition, Field, Operator, Position, RoomQuery, Value
from rentomatic.requests import cursor
from rentomatic.requests.search import parse_search
from rentomatic.use_cases.errors import ParametersError
from tests.builders import ROOMS, make_room, queries

QUERY = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 60),), sort=SORTS["price"])
CURSOR = cursor.encode(QUERY, Position(39, "a1"))


@given(queries(), ROOMS)
def test_a_cursor_encodes_its_position(query: RoomQuery, room: Room) -> None:
    position = query.position(room)

    assert position == cursor.decode(cursor.encode(query, position)).position_in(query)


@given(queries(), queries(), ROOMS)
def test_a_cursor_is_refused_with_other_filters(query: RoomQuery, other: RoomQuery, room: Room) -> None:
    assume((_conditions(query), query.words) != (_conditions(other), other.words))

    with pytest.raises(ValueError, match="belongs to a search"):
        cursor.decode(cursor.encode(query, query.position(room))).position_in(other)


@given(queries(), ROOMS, st.randoms(use_true_random=False))
def test_a_cursor_is_accepted_with_the_filters_in_another_order(
    query: RoomQuery, room: Room, chance: random.Random
) -> None:
    position = query.position(room)
    conditions = [replace(found, value=_shuffled(found.value, chance)) for found in query.conditions]
    areas = list(query.areas)
    again = [*conditions, *chance.sample(conditions, chance.randint(0, len(conditions)))]
    chance.shuffle(again)
    chance.shuffle(areas)

    same = replace(query, conditions=tuple(again), areas=tuple(areas), limit=chance.randint(1, 1000))

    assert cursor.encode(query, position) == cursor.encode(same, position)


def _conditions(query: RoomQuery) -> set[tuple[Field, Operator, frozenset[object]]]:
    return set(map(_as_a_set, query.conditions))


def _as_a_set(condition: Condition) -> tuple[Field, Operator, frozenset[object]]:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return condition.field, condition.operator, frozenset(values)


def _shuffled(value: Value | tuple[Value, ...], chance: random.Random) -> Value | tuple[Value, ...]:
    """The values of an `in` in another order, with duplicates."""
    if not isinstance(value, tuple):
        return value
    values = [*value, chance.choice(value)]
    chance.shuffle(values)
    return tuple(values)


EVERYTHING = [
    ("filter_price__lt", "60"),
    ("filter_size__ne", "7"),
    ("filter_code__in", "b, a,B,a,F853578C-FC0F-4E65-81B8-566C5DFFA35A"),
    ("filter_latitude__in", "51.5,-0,1e-7"),
    ("filter_longitude__gte", "-0.1"),
    ("bbox", "-0.2,51.4,0.1,51.6"),
    ("near", "51.512, -0.123"),
    ("radius", "2e3"),
    ("sort", "-price"),
]

EXPECTED_TEXT = """\
bbox=-0.20000000000000001,51.399999999999999,0.10000000000000001,51.600000000000001
circle=51.512,-0.123,2000
code__in=B,a,b,f853578c-fc0f-4e65-81b8-566c5dffa35a
latitude__in=0,51.5,9.9999999999999995e-08
longitude__gte=-0.10000000000000001
near=51.512,-0.123
price__lt=60
size__ne=7"""

EXPECTED_CURSOR = "1AW3sUFfWyItcHJpY2UiLCIwZWMyZTljZDQxMWIiLDM5LCJhMSJd"


def test_the_format_of_a_cursor_is_stable() -> None:
    """During a rollout two releases read each other's cursors: a change here makes all invalid."""
    query = parse_search(EVERYTHING).query

    assert EXPECTED_TEXT == cursor.filters_text(query)
    assert EXPECTED_CURSOR == cursor.encode(query, Position(39, "a1"))
    assert (
        Position(39, "a1") == parse_search([*reversed(EVERYTHING), ("cursor", EXPECTED_CURSOR)]).query.after
    )


def test_searches_that_differ_in_one_filter_differ_as_text() -> None:
    left_out = [[pair for pair in EVERYTHING if pair[0] != name] for name, _ in EVERYTHING[:6]]
    texts = {cursor.filters_text(parse_search(given).query) for given in (EVERYTHING, *left_out)}

    assert 7 == len(texts)
    assert "" == cursor.filters_text(RoomQuery())


@given(st.integers(0, len(CURSOR) - 1), st.characters())
def test_a_cursor_with_one_character_changed_is_refused(place: int, character: str) -> None:
    assume(CURSOR[place] != character)
    damaged = CURSOR[:place] + character + CURSOR[place + 1 :]

    with pytest.raises(ValueError, match="not a cursor"):
        cursor.decode(damaged).position_in(QUERY)


@given(st.text() | st.text("ABCabc012-_"))
def test_an_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        cursor.decode(text).position_in(QUERY)


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
def test_a_forged_cursor_with_a_valid_checksum_is_refused(content: object) -> None:
    raw = json.dumps(content).encode()
    forged = base64.urlsafe_b64encode(cursor._checksum(raw) + raw).rstrip(b"=").decode()

    with pytest.raises(ValueError, match=r"not a cursor|belongs to"):
        cursor.decode(forged).position_in(QUERY)


def test_a_cursor_includes_its_sort() -> None:
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


def test_a_cursor_by_distance_needs_a_point() -> None:
    query = RoomQuery(near=Point(1, 2), sort=SORTS["distance"])
    text = cursor.encode(query, query.position(make_room()))

    with pytest.raises(ParametersError, match="near"):
        parse_search([("cursor", text)])


@pytest.mark.parametrize("depth", [100, 5000])
def test_a_forged_cursor_that_nests_deeply_is_refused(depth: int) -> None:
    raw = b"[" * depth
    forged = base64.urlsafe_b64encode(cursor._checksum(raw) + raw).rstrip(b"=").decode()

    with pytest.raises(ValueError, match="not a cursor"):
        cursor.decode(forged).position_in(QUERY)


@given(queries(), ROOMS)
def test_a_cursor_never_exceeds_the_length_that_is_accepted(query: RoomQuery, room: Room) -> None:
    assert len(cursor.encode(query, query.position(room))) <= cursor.MAX_CURSOR


def test_a_cursor_belongs_to_its_words_whatever_their_order_and_case() -> None:
    query = parse_search([("q", "Quiet desk")]).query
    text = cursor.encode(query, Position("a1", "a1"))

    assert parse_search([("q", "desk  QUIET"), ("cursor", text)]).query.after == Position("a1", "a1")
    for other in ([("q", "quiet")], []):
        with pytest.raises(ParametersError, match="belongs to a search with other filters"):
            parse_search([*other, ("cursor", text)])
