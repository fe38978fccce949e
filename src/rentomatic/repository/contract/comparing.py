"""Generated rooms and queries, answered by a storage and by the oracle."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rentomatic.domain.clusters import Grid
from rentomatic.domain.geography import Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, Page, RoomQuery
from rentomatic.repository.contract.builders import make_room, queries, room_sets
from rentomatic.repository.contract.storage import Contract
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.errors import NotQuick, OutOfTime
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.remove_room import remove_room


def only(storage: RoomRepository, rooms: list[Room]) -> None:
    """Make these the only rooms in the storage."""
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
    """Return the contents of each cell, except the means, whose rounding depends on the order."""
    found = repository.cells(query, Grid(width=360 / 64, height=180 / 128))
    assert found.share == 1
    return {(c.column, c.row): (c.rooms, c.lowest_price, *c[6:]) for c in found.cells}


def places(chance: random.Random) -> Iterator[tuple[float, float]]:
    """Yield places all over the Earth, at the poles, along the antimeridian, in one town and at one point."""
    while True:
        yield chance.uniform(-90, 90), chance.uniform(-180, 180)
        yield chance.choice((-90, 90)) * chance.uniform(0.999, 1), chance.uniform(-180, 180)
        yield chance.gauss(0, 20), chance.choice((-180, 180)) * chance.uniform(0.999, 1)
        yield 51.5 + chance.gauss(0, 0.1), -0.12 + chance.gauss(0, 0.1)
        yield 51.5, -0.12


_FEATURES = {"Desk": 1, "Wifi": 2, "Sea view": 3, "Sauna": 90, "★": 7}
"""Features, and one of how many rooms of `_world` has them."""


def _world() -> list[Room]:
    """Return enough rooms for every index to have several levels."""
    chance = random.Random(7)
    return [
        make_room(
            code=f"w{number}",
            size=chance.choice((None, chance.randint(1, 90))),
            price=chance.randint(0, 300),
            latitude=max(-90.0, min(90.0, place[0])),
            longitude=place[1],
            title=chance.choice((None, f"Room {number}")),
            features=tuple(feature for feature, every in _FEATURES.items() if number % every == 0) or None,
        )
        for number, place in zip(range(2000), places(chance), strict=False)
    ]


def _town() -> list[Room]:
    """Return rooms close together, some in one house, so that every box around a circle is crowded."""
    chance = random.Random(3)
    houses = [(51.5 + chance.gauss(0, 0.01), -0.12 + chance.gauss(0, 0.01)) for _ in range(900)]
    return [
        make_room(
            code=f"t{number}",
            price=chance.randint(0, 300),
            latitude=place[0],
            longitude=place[1],
            title=chance.choice((None, f"House {number}")),
        )
        for number, place in enumerate((*houses, *chance.choices(houses, k=500), *[houses[0]] * 100))
    ]


Filled = tuple[RoomRepository, list[Room]]
"""A storage, and the rooms in it."""

SEEDS = settings().max_examples // 4


class Comparing(Contract):
    """Compare a storage's answers with the oracle's, for the same rooms and queries."""

    @pytest.fixture(scope="class")
    @classmethod
    def reused(cls) -> Iterator[RoomRepository]:
        """Give one storage for many examples, each of which first removes the rooms of the others."""
        with cls.empty() as repository:
            yield repository

    @pytest.fixture(scope="class")
    @classmethod
    def worldwide(cls) -> Iterator[Filled]:
        with cls._filled(_world()) as filled:
            yield filled

    @pytest.fixture(scope="class")
    @classmethod
    def in_town(cls) -> Iterator[Filled]:
        with cls._filled(_town()) as filled:
            yield filled

    @classmethod
    @contextmanager
    def _filled(cls, rooms: list[Room]) -> Iterator[Filled]:
        some = rooms[:: cls.slow**2]
        with cls.empty() as storage:
            storage.load(some)
            yield storage, some

    def test_a_storage_gives_the_same_rooms_and_pages_as_the_oracle(self, reused: RoomRepository) -> None:
        @settings(max_examples=2 * settings().max_examples // self.slow**2)
        @given(rooms=room_sets(), asked=st.lists(queries(), min_size=1, max_size=3), way=st.integers(0, 100))
        def gives_the_same(rooms: list[Room], asked: list[RoomQuery], way: int) -> None:
            oracle = MemRepo(rooms)
            with pytest.MonkeyPatch.context() as patch:
                self.go_every_way(random.Random(way), patch)
                only(reused, rooms)
                for query in asked:
                    assert all_pages(oracle, query) == all_pages(reused, query)
                    assert oracle.count(query) == reused.count(query)
                    assert oracle.summarise(query) == reused.summarise(query)
                    assert streamed(oracle, query) == streamed(reused, query)
                    assert by_cell(oracle, query) == by_cell(reused, query)
                    assert oracle.facets(query) == reused.facets(query)
                    with suppress(NotQuick):
                        assert oracle.search(query) == reused.search(query, quick=True)
                    with suppress(NotQuick):
                        assert oracle.facets(query) == reused.facets(query, quick=True)
                    with suppress(NotQuick):
                        assert oracle.count(query) == reused.count(query, quick=True)

        gives_the_same()

    @pytest.mark.parametrize("seed", range(SEEDS))
    def test_the_nearest_rooms_anywhere_are_the_same_as_the_oracles(
        self, worldwide: Filled, seed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage, world = worldwide
        chance = random.Random(seed)
        self.go_every_way(chance, monkeypatch)
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

    @pytest.mark.parametrize("seed", range(SEEDS))
    def test_pages_near_any_point_in_a_town_are_the_same_as_the_oracles(
        self, in_town: Filled, seed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage, town = in_town
        chance = random.Random(seed)
        self.go_every_way(chance, monkeypatch)
        query = RoomQuery(
            conditions=chance.choice(((), (), (Condition(Field.PRICE, Operator.LT, 30),))),
            near=Point(*chance.choice(((51.5, -0.12), (51.49, -0.13), (40.7, -74.0), (-51.5, 179.9)))),
            sort=BY_DISTANCE,
            limit=chance.choice((1, 20, 100)),
        )
        query = replace(query, after=query.position(chance.choice(town)))

        assert MemRepo(town).search(query) == storage.search(query)

    @pytest.mark.parametrize("seed", range(SEEDS))
    def test_rooms_with_common_and_rare_features_are_the_same_as_the_oracles(
        self, worldwide: Filled, seed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage, world = worldwide
        chance = random.Random(seed)
        self.go_every_way(chance, monkeypatch)
        features = tuple(chance.sample([*_FEATURES, "Sea", "Helipad"], chance.choice((1, 1, 2, 3))))
        query = RoomQuery(
            conditions=(
                Condition(Field.FEATURES, Operator.ALL, features),
                *chance.choice(((), (Condition(Field.PRICE, Operator.LT, 150),))),
            ),
            areas=chance.choice(((), (Circle(Point(51.5, -0.12), 2e6),))),
            words=chance.choice(((), (), ("room", "1"))),
            near=Point(51.5, -0.12),
            sort=chance.choice([*SORTS.values()]),
            limit=20,
        )
        query = replace(query, after=chance.choice((None, query.position(chance.choice(world)))))

        oracle = MemRepo(world)
        assert oracle.search(query) == storage.search(query)
        with suppress(NotQuick):
            assert oracle.search(query) == storage.search(query, quick=True)
        assert oracle.count(query) == storage.count(query)
        assert oracle.summarise(query) == storage.summarise(query)
        assert by_cell(oracle, query) == by_cell(storage, query)

    def test_two_common_filters_that_rarely_coincide_are_answered_from_the_index(
        self,
        worldwide: Filled,
    ) -> None:
        storage, _ = worldwide
        both = (Condition(Field.PRICE, Operator.LT, 2), Condition(Field.SIZE, Operator.LT, 5))

        for sort in SORTS.values():
            query = RoomQuery(conditions=both, near=Point(0, 0), sort=sort)
            assert storage.count(query) == len(storage.search(query).rooms)

    def test_sample_of_few_rooms_contains_all_of_them(self, worldwide: Filled) -> None:
        storage, world = worldwide

        assert MemRepo(world).sample(RoomQuery()) == storage.sample(RoomQuery())

    def test_stream_that_exceeds_its_time_ends_with_an_error(self, worldwide: Filled) -> None:
        storage, world = worldwide
        with pytest.raises(OutOfTime), storage.stream(RoomQuery(), within=0.05) as rooms:
            for _ in rooms:
                time.sleep(0.001)

        with storage.stream(RoomQuery(), within=60) as rooms:
            assert len(world) == sum(1 for _ in rooms)
