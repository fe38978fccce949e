"""What rooms state: exact where few match, else from a sample of bounded size."""

import random

import pytest

from rentomatic.domain.facets import MOST_VALUES
from rentomatic.domain.fields import FACETS, STATED, Field
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.room import Room
from rentomatic.domain.search import Condition, Operator, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.mongo import facets as mongo_facets
from rentomatic.repository.sqlite import facets as sqlite_facets
from rentomatic.use_cases.ports import RoomRepository
from tests.builders import make_room
from tests.repository.storages import SLOW, STORAGES, look_at_few, take_small_samples

FLATS = Condition(Field.KIND, Operator.EQ, "Flat")
WITH_LIFT = Condition(Field.FEATURES, Operator.ALL, ("Lift",))
CHEAP = Condition(Field.PRICE, Operator.LT, 50)
NORTH = BoundingBox(-1, 51.5, 1, 53)

SEARCHES = {
    "all": RoomQuery(),
    "by kind": RoomQuery(conditions=(FLATS,)),
    "by kind and feature": RoomQuery(conditions=(FLATS, WITH_LIFT, CHEAP)),
    "by word": RoomQuery(words=("lift",)),
    "in a box": RoomQuery(conditions=(CHEAP,), areas=(NORTH,)),
}


@pytest.fixture(scope="module")
def rooms(kind: str) -> list[Room]:
    chance = random.Random(5)
    return [
        make_room(
            code=f"r{number:04}",
            price=chance.randrange(100),
            latitude=51 + number / 2000,
            kind=chance.choice((None, "Flat", "Flat", "Hut")),
            neighbourhood=f"Part {int(80 * chance.random() ** 2)}",
            guests=chance.choice((None, 1, 2, 5)),
            features=tuple(name for name in ("Desk", "Lift", "Wifi") if chance.random() < 0.4) or None,
        )
        for number in range(4000)
    ][:: SLOW.get(kind, 1)]


@pytest.mark.parametrize("query", SEARCHES.values(), ids=SEARCHES)
def test_facets_of_few_rooms_are_exact(storage: RoomRepository, rooms: list[Room], query: RoomQuery) -> None:
    found = storage.facets(query, within=60)

    assert found.exact
    assert MemRepo(rooms).facets(query) == found


def test_no_more_than_fifty_values_are_told_the_most_frequent_ones(storage: RoomRepository) -> None:
    told = storage.facets(RoomQuery()).values[Field.NEIGHBOURHOOD]

    assert MOST_VALUES == len(told)
    assert sorted(told, key=lambda found: (-found[1], found[0])) == list(told)


def test_a_condition_does_not_hide_the_other_values_of_its_field(storage: RoomRepository) -> None:
    by_kind = storage.facets(RoomQuery(conditions=(FLATS,)))
    everything = storage.facets(RoomQuery())

    assert everything.values[Field.KIND] == by_kind.values[Field.KIND]
    assert everything.values[Field.FEATURES] != by_kind.values[Field.FEATURES]


def test_fields_that_no_room_states_are_told_whatever_matches(storage: RoomRepository) -> None:
    nothing = RoomQuery(conditions=(Condition(Field.PRICE, Operator.GT, 1000),))

    assert {Field.MIN_STAY} == storage.facets(nothing).unstated
    assert dict.fromkeys(FACETS, ()) == storage.facets(nothing).values


def test_an_empty_storage_states_nothing(kind: str) -> None:
    with STORAGES[kind]() as storage:
        assert frozenset(STATED) == storage.facets(RoomQuery()).unstated


@pytest.mark.parametrize("query", [SEARCHES["all"], SEARCHES["by kind"]], ids=["all", "by kind"])
@pytest.mark.parametrize("kind", [name for name in STORAGES if name != "memory"], indirect=True)
def test_facets_of_many_rooms_are_estimated(
    storage: RoomRepository, rooms: list[Room], query: RoomQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_small_samples(monkeypatch)
    look_at_few(monkeypatch)
    monkeypatch.setattr(mongo_facets, "FEW", 200)
    monkeypatch.setattr(sqlite_facets, "WHOLE", 200)

    found, expected = storage.facets(query, within=60), MemRepo(rooms).facets(query)

    assert not found.exact
    assert expected.unstated == found.unstated
    assert expected.ranges == found.ranges
    for field in (Field.KIND, Field.FEATURES):
        assert dict(found.values[field]) == pytest.approx(dict(expected.values[field]), rel=0.35)
