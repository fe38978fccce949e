import pytest

from rentomatic.domain.fields import FIELD
from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.search import (
    BY_DISTANCE,
    SORTS,
    Condition,
    Field,
    Operator,
    RoomQuery,
    Sort,
    SortKey,
)
from tests.builders import make_room


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("eq", 60, True),
        ("eq", 61, False),
        ("ne", 60, False),
        ("ne", 61, True),
        ("lt", 60, False),
        ("lt", 61, True),
        ("lte", 60, True),
        ("lte", 59, False),
        ("gt", 60, False),
        ("gt", 59, True),
        ("gte", 60, True),
        ("gte", 61, False),
        ("in", (1, 60), True),
        ("in", (1, 2), False),
    ],
)
def test_a_condition_compares_by_its_operator(
    operator: str, value: int | tuple[int, ...], holds: bool
) -> None:
    assert holds is Condition(Field.PRICE, Operator(operator), value).holds(make_room(price=60))


@pytest.mark.parametrize("operator", FIELD[Field.SIZE].operators)
def test_no_condition_holds_for_an_unstated_size(operator: Operator) -> None:
    value: int | tuple[int, ...] = (20,) if operator is Operator.IN else 20

    assert not Condition(Field.SIZE, operator, value).holds(make_room(size=None))


def test_a_condition_on_a_code_finds_a_uuid_in_either_case() -> None:
    code = "f853578c-fc0f-4e65-81b8-566c5dffa35a"

    assert Condition(Field.CODE, Operator.EQ, code.upper()).holds(make_room(code=code))
    assert Condition(Field.CODE, Operator.IN, (code.upper(),)).holds(make_room(code=code))


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("price", "lt", "60"),
        ("price", "lt", 60.0),
        ("price", "lt", True),
        ("price", "in", 60),
        ("price", "in", ()),
        ("price", "lt", (60,)),
        ("latitude", "lt", 51),
        ("code", "eq", 5),
        ("code", "eq", "not a code"),
    ],
)
def test_a_condition_with_an_unsuitable_value_is_refused(
    field: str,
    operator: str,
    value: object,
) -> None:
    with pytest.raises(ValueError, match=r"."):
        Condition(Field(field), Operator(operator), value)  # type: ignore[arg-type]


def test_all_conditions_and_areas_must_hold() -> None:
    query = RoomQuery(
        conditions=(Condition(Field.PRICE, Operator.LT, 60), Condition(Field.SIZE, Operator.GTE, 20)),
        areas=(BoundingBox(-1, 51, 1, 52), Circle(Point(51.5, 0), 1000)),
    )
    room = make_room(price=59, size=20, latitude=51.5, longitude=0.01)

    assert query.matches(room)
    assert not query.matches(make_room(price=60, size=20, latitude=51.5, longitude=0.01))
    assert not query.matches(make_room(price=59, size=19, latitude=51.5, longitude=0.01))
    assert not query.matches(make_room(price=59, size=20, latitude=51.5, longitude=0.02))


@pytest.mark.parametrize(
    ("sort", "codes"),
    [
        ("code", ["B", "a", "ab", "b"]),
        ("-code", ["b", "ab", "a", "B"]),
        ("price", ["a", "b", "B", "ab"]),
        ("-price", ["ab", "B", "a", "b"]),
        ("size", ["b", "a", "B", "ab"]),
        ("-size", ["a", "b", "B", "ab"]),
        ("distance", ["ab", "B", "a", "b"]),
    ],
)
def test_a_sort_is_total_and_puts_unstated_sizes_last(sort: str, codes: list[str]) -> None:
    rooms = [
        make_room(code="b", price=10, size=5, latitude=3),
        make_room(code="a", price=10, size=9, latitude=3),
        make_room(code="ab", price=30, size=None, latitude=1),
        make_room(code="B", price=20, size=None, latitude=2),
    ]
    query = RoomQuery(sort=SORTS[sort], near=Point(0, -0.12))

    ordered = sorted(rooms, key=lambda room: query.order_key(query.position(room)))

    assert codes == [room.code for room in ordered]


def test_every_sort_has_one_name() -> None:
    assert list(SORTS) == ["code", "-code", "price", "-price", "size", "-size", "distance"]


def test_a_sort_by_distance_needs_a_point() -> None:
    with pytest.raises(ValueError, match="near"):
        RoomQuery(sort=BY_DISTANCE)


def test_a_sort_by_distance_cannot_descend() -> None:
    with pytest.raises(ValueError, match="nearest first"):
        Sort(SortKey.DISTANCE, descending=True)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_1_to_1000_rooms(limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        RoomQuery(limit=limit)


def test_a_search_without_a_point_has_no_origin() -> None:
    with pytest.raises(ValueError, match="no point"):
        _ = RoomQuery().origin
