import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.fields import NAMES
from rentomatic.domain.room import InvalidRoom, Room, canonical_code, stored_room, values_of
from tests.builders import ROOMS, make_room


def test_a_room_keeps_its_values() -> None:
    room = make_room(code="18674", size=25, price=121, latitude=41.4042, longitude=2.17306)

    assert (
        room.code,
        room.size,
        room.price,
        room.latitude,
        room.longitude,
    ) == ("18674", 25, 121, 41.4042, 2.17306)


def test_a_room_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        make_room().price = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", None),
        ("size", 1),
        ("size", 2147483647),
        ("price", 0),
        ("price", 2147483647),
        ("latitude", -90),
        ("latitude", 90.0),
        ("longitude", -180),
        ("longitude", 180.0),
        ("code", "a"),
        ("code", "0.~_-"),
        ("code", "x" * 36),
    ],
)
def test_a_value_at_a_limit_is_accepted(field: str, value: object) -> None:
    assert value == getattr(make_room(**{field: value}), field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 0),
        ("size", -1),
        ("size", 2147483648),
        ("size", 20.0),
        ("size", True),
        ("size", "20"),
        ("price", None),
        ("price", -1),
        ("price", 2147483648),
        ("price", 60.5),
        ("price", False),
        ("latitude", 90.0000001),
        ("latitude", float("nan")),
        ("latitude", float("inf")),
        ("latitude", "51"),
        ("latitude", True),
        ("longitude", -180.0000001),
        ("longitude", None),
        ("code", ""),
        ("code", "x" * 37),
        ("code", ".a"),
        ("code", "summary"),
        ("code", "-a"),
        ("code", "a b"),
        ("code", "a/b"),
        ("code", "a\n"),
        ("code", "à"),
        ("code", "a\x00"),
        ("code", 5),
        ("code", None),
    ],
)
def test_an_invalid_value_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidRoom) as refusal:
        make_room(**{field: value})

    assert [field] == list(refusal.value.problems)


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(InvalidRoom) as refusal:
        make_room(code="", size=0, price=-1, latitude=91, longitude=181)

    assert list(refusal.value.problems) == ["code", "size", "price", "latitude", "longitude"]


@given(st.uuids())
def test_a_uuid_is_stored_in_lower_case(code: uuid.UUID) -> None:
    assert str(code) == make_room(code=str(code).upper()).code


def test_any_other_code_keeps_its_case() -> None:
    assert canonical_code("Flat-7B") == "Flat-7B"
    assert canonical_code("G" * 36) == "G" * 36


def test_coordinates_become_floats_without_a_negative_zero() -> None:
    room = make_room(latitude=-0.0, longitude=0)

    assert (repr(room.latitude), repr(room.longitude)) == ("0.0", "0.0")


@given(ROOMS)
def test_a_stored_room_is_the_room_that_was_stored(room: Room) -> None:
    assert room == stored_room([*values_of(room)])


def test_stored_lists_are_put_in_order_and_next_to_nothing_is_zero() -> None:
    values = dict(zip(NAMES, values_of(make_room(features=("Desk", "Wifi"))), strict=True))
    by_hand = {**values, "features": ["Wifi", "Desk", "Wifi"], "latitude": 1e-20}

    assert make_room(features=("Desk", "Wifi"), latitude=0.0) == stored_room([*by_hand.values()])


def test_stored_texts_that_constraints_cannot_check_are_checked() -> None:
    values = dict(zip(NAMES, values_of(make_room(title="Room")), strict=True))

    with pytest.raises(InvalidRoom, match="title must be in Unicode's form NFC"):
        stored_room([*{**values, "title": "Cafe\u0301"}.values()])
