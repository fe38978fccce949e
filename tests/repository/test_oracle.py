"""Generated rooms and queries: every storage gives what `RoomQuery.matches` and the memory say."""

import operator
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rentomatic.domain.clusters import Grid
from rentomatic.domain.geography import Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, Page, RoomQuery, SortKey
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.errors import NotQuick
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.remove_room import remove_room
from tests.builders import make_room, queries, room_sets
from tests.repository.storages import SLOW, STORAGES, go_every_way

STORED = [name for name in STORAGES if name != "memory"]


@pytest.fixture(params=STORED, scope="module")
def storage(request: pytest.FixtureRequest) -> Iterator[RoomRepository]:
    with STORAGES[request.param]() as empty:
        yield empty


def test_a_storage_gives_the_rooms_and_pages_of_the_oracle(
    storage: RoomRepository, request: pytest.FixtureRequest
) -> None:
    examples = 2 * settings().max_examples // SLOW.get(request.node.callspec.params["storage"], 1) ** 2

    @settings(max_examples=examples)
    @given(rooms=room_sets(), asked=st.lists(queries(), min_size=1, max_size=3), way=st.integers(0, 100))
    def gives_the_same(rooms: list[Room], asked: list[RoomQuery], way: int) -> None:
        oracle = MemRepo(rooms)
        with pytest.MonkeyPatch.context() as patch:
            go_every_way(random.Random(way), patch)
            only(storage, rooms)
            for query in asked:
                assert all_pages(oracle, query) == all_pages(storage, query)
                assert oracle.count(query) == storage.count(query)
                assert oracle.summarise(query) == storage.summarise(query)
                assert streamed(oracle, query) == streamed(storage, query)
                assert by_cell(oracle, query) == by_cell(storage, query)
                with suppress(NotQuick):
                    assert oracle.search(query) == storage.search(query, quick=True)
                with suppress(NotQuick):
                    assert oracle.count(query) == storage.count(query, quick=True)

    gives_the_same()


@given(rooms=room_sets(), query=queries())
def test_pages_of_the_oracle_are_full_and_hold_the_matching_rooms_in_order(
    rooms: list[Room], query: RoomQuery
) -> None:
    pages = all_pages(MemRepo(rooms), query)

    assert in_order([room for room in rooms if meets(room, query)], query) == [
        room for page in pages for room in page.rooms
    ]
    assert all(len(page.rooms) == query.limit for page in pages[:-1])


OPERATORS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.IN: lambda value, values: value in values,
}


def meets(room: Room, query: RoomQuery) -> bool:
    """Whether a room matches, worked out without the operators of the domain."""
    values = [(getattr(room, wanted.field), wanted) for wanted in query.conditions]
    return all(area.contains(room.latitude, room.longitude) for area in query.areas) and all(
        value is not None and OPERATORS[wanted.operator](value, wanted.value) for value, wanted in values
    )


def in_order(rooms: list[Room], query: RoomQuery) -> list[Room]:
    """The rooms as the query sorts them, worked out without the keys of the domain."""
    by_code = sorted(rooms, key=lambda room: room.code)

    def value(room: Room) -> Any:
        if query.sort.key is not SortKey.DISTANCE:
            return getattr(room, query.sort.key)
        assert query.near
        return query.near.distance_to(room.latitude, room.longitude)

    stated = [room for room in by_code if value(room) is not None]
    unstated = [room for room in by_code if value(room) is None]
    return sorted(stated, key=value, reverse=query.sort.descending) + unstated


def only(storage: RoomRepository, rooms: list[Room]) -> None:
    """Leave these rooms and no others."""
    with storage.stream(RoomQuery()) as present:
        gone = {room.code for room in present} - {room.code for room in rooms}
    for code in gone:
        remove_room(storage, code)
    storage.load(rooms)


def all_pages(repository: RoomRepository, query: RoomQuery) -> list[Page]:
    pages = [repository.search(query)]
    while pages[-1].more:
        query = replace(query, after=query.position(pages[-1].rooms[-1]))
        pages.append(repository.search(query))
    return pages


def streamed(repository: RoomRepository, query: RoomQuery) -> list[Room]:
    with repository.stream(query) as rooms:
        return list(rooms)


def by_cell(repository: RoomRepository, query: RoomQuery) -> dict[tuple[int, int], tuple[object, ...]]:
    """The rooms by cell, but for the means, which storages add up in an order of their own."""
    found = repository.cells(query, Grid(width=360 / 64, height=180 / 128))
    assert found.share == 1
    return {(c.column, c.row): (c.rooms, c.lowest_price, *c[6:]) for c in found.cells}


SEEDS = settings().max_examples // 4


def places(chance: random.Random) -> Iterator[tuple[float, float]]:
    """Places all over the Earth, at the poles, along the antimeridian, in towns and all in one spot."""
    while True:
        yield chance.uniform(-90, 90), chance.uniform(-180, 180)
        yield chance.choice((-90, 90)) * chance.uniform(0.999, 1), chance.uniform(-180, 180)
        yield chance.gauss(0, 20), chance.choice((-180, 180)) * chance.uniform(0.999, 1)
        yield 51.5 + chance.gauss(0, 0.1), -0.12 + chance.gauss(0, 0.1)
        yield 51.5, -0.12


@pytest.fixture(scope="module")
def world() -> list[Room]:
    """Rooms enough for every index to have several levels."""
    chance = random.Random(7)
    return [
        make_room(
            code=f"w{number}",
            size=chance.choice((None, chance.randint(1, 90))),
            price=chance.randint(0, 300),
            latitude=max(-90.0, min(90.0, place[0])),
            longitude=place[1],
        )
        for number, place in zip(range(2000), places(chance), strict=False)
    ]


def storage_of(rooms: str) -> object:
    """A fixture: each storage in turn, with the rooms of that other fixture in it, and those rooms.

    A slow storage has some of the rooms.
    """

    @pytest.fixture(params=STORED, scope="module")
    def filled(request: pytest.FixtureRequest) -> Iterator[tuple[RoomRepository, list[Room]]]:
        some = request.getfixturevalue(rooms)[:: SLOW.get(request.param, 1) ** 2]
        with STORAGES[request.param]() as storage:
            storage.load(some)
            yield storage, some

    return filled


worldwide = storage_of("world")
in_town = storage_of("town")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_nearest_rooms_of_the_world_are_those_of_the_oracle(
    worldwide: tuple[RoomRepository, list[Room]], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, world = worldwide
    chance = random.Random(seed)
    go_every_way(chance, monkeypatch)
    latitude, longitude = chance.choice(
        (
            (51.5, -0.12),
            (90.0, 0.0),
            (-90.0, 50.0),
            (0.0, 180.0),
            (-51.5, 179.88),
            (chance.uniform(-90, 90), 7.0),
        )
    )
    near = Point(latitude, longitude)
    radius = chance.choice((None, 1000.0, 1e6, 1.1e7, 2e7))
    query = RoomQuery(
        conditions=chance.choice(((), (Condition(Field.PRICE, Operator.LT, 150),))),
        areas=(Circle(near, radius),) if radius else (),
        near=near,
        sort=BY_DISTANCE,
        limit=chance.choice((1, 20, 200)),
    )
    start = chance.choice((None, *chance.sample(world, 3)))
    if start is not None:
        query = replace(query, after=query.position(start))

    oracle = MemRepo(world)
    assert oracle.search(query) == storage.search(query)
    with suppress(NotQuick):
        assert oracle.search(query) == storage.search(query, quick=True)
    assert oracle.count(query) == storage.count(query)
    assert oracle.summarise(query) == storage.summarise(query)


@pytest.fixture(scope="module")
def town() -> list[Room]:
    """Rooms close together, some in one house, so that every box around a circle is full of them."""
    chance = random.Random(3)
    houses = [(51.5 + chance.gauss(0, 0.01), -0.12 + chance.gauss(0, 0.01)) for _ in range(900)]
    return [
        make_room(code=f"t{number}", price=chance.randint(0, 300), latitude=place[0], longitude=place[1])
        for number, place in enumerate((*houses, *chance.choices(houses, k=500), *[houses[0]] * 100))
    ]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_pages_from_anywhere_in_a_town_are_those_of_the_oracle(
    in_town: tuple[RoomRepository, list[Room]], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, town = in_town
    chance = random.Random(seed)
    go_every_way(chance, monkeypatch)
    query = RoomQuery(
        conditions=chance.choice(((), (), (Condition(Field.PRICE, Operator.LT, 30),))),
        near=Point(*chance.choice(((51.5, -0.12), (51.49, -0.13), (40.7, -74.0), (-51.5, 179.9)))),
        sort=BY_DISTANCE,
        limit=chance.choice((1, 20, 100)),
    )
    query = replace(query, after=query.position(chance.choice(town)))

    assert MemRepo(town).search(query) == storage.search(query)


def test_two_common_filters_that_rarely_meet_are_answered_from_the_index(
    worldwide: tuple[RoomRepository, list[Room]],
) -> None:
    storage, _ = worldwide
    both = (Condition(Field.PRICE, Operator.LT, 2), Condition(Field.SIZE, Operator.LT, 5))

    for sort in SORTS.values():
        query = RoomQuery(conditions=both, near=Point(0, 0), sort=sort)
        assert storage.count(query) == len(storage.search(query).rooms)
