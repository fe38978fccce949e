"""What narrows a search that takes too long."""

import pytest

from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.search import SORTS, Condition, Field, Operator, RoomQuery
from rentomatic.requests.narrowing import narrowing_in_words
from rentomatic.requests.search import parse_search
from rentomatic.use_cases.narrow_search import MANY_VALUES, Advice, Narrowing, narrow_search

HERE = Point(51.5, -0.12)
SMALL = BoundingBox(0, 0, 0.01, 0.01)
MANY = Condition(Field.PRICE, Operator.IN, tuple(range(MANY_VALUES + 1)))
FEW = Condition(Field.PRICE, Operator.IN, tuple(range(MANY_VALUES)))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (RoomQuery(), [Advice(Narrowing.ADD_AREA)]),
        (RoomQuery(near=HERE), [Advice(Narrowing.ADD_RADIUS, radius=5000)]),
        (RoomQuery(areas=(Circle(HERE, 5000),)), [Advice(Narrowing.SMALLER_RADIUS, radius=2000)]),
        (RoomQuery(areas=(Circle(HERE, 500),)), [Advice(Narrowing.SMALLER_RADIUS, radius=250)]),
        (RoomQuery(areas=(Circle(HERE, 499),)), []),
        (RoomQuery(areas=(BoundingBox(0, 0, 1, 1),)), [Advice(Narrowing.SMALLER_BOX)]),
        (RoomQuery(areas=(BoundingBox(179.99, 0, -179.99, 0.01),)), []),
        (RoomQuery(areas=(BoundingBox(1, 0, 0.99, 0.01),)), [Advice(Narrowing.SMALLER_BOX)]),
        (RoomQuery(areas=(SMALL,), conditions=(FEW,)), []),
        (
            RoomQuery(areas=(SMALL,), conditions=(MANY, FEW, MANY)),
            [Advice(Narrowing.FEWER_VALUES, (Field.PRICE, Operator.IN))],
        ),
        (RoomQuery(areas=(SMALL,), sort=SORTS["price"]), [Advice(Narrowing.USUAL_SORT)]),
        (RoomQuery(areas=(SMALL,), sort=SORTS["code"], near=HERE), []),
        (RoomQuery(areas=(SMALL,), sort=SORTS["distance"], near=HERE), []),
        (
            RoomQuery(conditions=(MANY,), sort=SORTS["-size"]),
            [
                Advice(Narrowing.FEWER_VALUES, (Field.PRICE, Operator.IN)),
                Advice(Narrowing.ADD_AREA),
                Advice(Narrowing.USUAL_SORT),
            ],
        ),
    ],
)
def test_advice_depends_on_the_search(query: RoomQuery, expected: list[Advice]) -> None:
    assert expected == list(narrow_search(query))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("", "Narrow it: add bbox, or near with radius."),
        ("near=51.5,0", "Narrow it: add radius, such as 5000."),
        ("near=51.5,0&radius=9000", "Narrow it: make radius smaller, such as 3000."),
        ("bbox=0,0,9,9&sort=price", "Narrow it: make bbox smaller; leave out sort."),
        (
            f"bbox=0,0,9,9&filter_latitude__in={','.join(['1'] * 99)}",
            "Narrow it: give fewer values in filter_latitude__in; make bbox smaller.",
        ),
        ("near=51.5,0&radius=50", "The server is slow right now: try again later."),
    ],
)
def test_advice_names_the_parameters_to_change(parameters: str, expected: str) -> None:
    pairs = [
        (name, text) for name, _, text in (pair.partition("=") for pair in parameters.split("&")) if name
    ]

    assert expected == narrowing_in_words(parse_search(pairs).query)
