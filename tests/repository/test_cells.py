"""Rooms by the cells of a grid: all of them if there are few, else a sample of bounded size."""

import random

import pytest

from rentomatic.domain.clusters import Cell, Cells, Grid
from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.sqlite import cells as sqlite_cells
from rentomatic.use_cases.ports import RoomRepository
from tests.builders import make_room
from tests.repository.storages import SLOW, STORAGES, look_at_few, take_small_samples

GRID = Grid(width=0.25, height=0.25)
BOX = BoundingBox(-0.5, 51, 0.5, 51.5)
CENTRE = Point(51.5, 0)
CHEAP = Condition(Field.PRICE, Operator.LT, 50)
SEARCHES = {
    "all": RoomQuery(),
    "in a box": RoomQuery(areas=(BOX,)),
    "by price in a box": RoomQuery(conditions=(CHEAP,), areas=(BOX,)),
    "by price, in its order": RoomQuery(conditions=(CHEAP,), sort=SORTS["price"]),
    "by price and size": RoomQuery(conditions=(CHEAP, Condition(Field.SIZE, Operator.GTE, 30))),
    "near a point": RoomQuery(areas=(Circle(CENTRE, 40_000), BOX), near=CENTRE, sort=BY_DISTANCE),
}
CODES = RoomQuery(conditions=(Condition(Field.CODE, Operator.IN, ("r0000", "r3998", "nope")),))


@pytest.fixture(scope="module")
def rooms(kind: str) -> list[Room]:
    """Rooms of one town after the other, as in listings."""
    chance = random.Random(5)
    return [
        make_room(
            code=f"r{number:04}",
            price=chance.randrange(100),
            size=chance.choice((None, chance.randint(5, 60))),
            latitude=51 + number // 1000 * 0.25 + chance.uniform(0, 0.2499),
            longitude=chance.uniform(-0.4999, 0.4999),
        )
        for number in range(4000)
    ][:: SLOW.get(kind, 1)]


def told(found: Cells) -> dict[tuple[int, int], object]:
    """Return the cells by column and row; the means depend on the order of adding."""
    return {(cell.column, cell.row): rounded(cell) for cell in found.cells}


def rounded(cell: Cell) -> tuple[object, ...]:
    return tuple(round(value, 9) if isinstance(value, float) else value for value in cell)


@pytest.mark.parametrize("query", [*SEARCHES.values(), CODES], ids=[*SEARCHES, "by code"])
def test_few_rooms_are_all_read(storage: RoomRepository, rooms: list[Room], query: RoomQuery) -> None:
    found = storage.cells(query, GRID, within=60)

    assert 1 == found.share
    assert told(MemRepo(rooms).cells(query, GRID)) == told(found)


@pytest.mark.parametrize("query", SEARCHES.values(), ids=SEARCHES)
def test_many_rooms_are_sampled(
    storage: RoomRepository, rooms: list[Room], query: RoomQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_small_samples(monkeypatch)
    look_at_few(monkeypatch)
    found = storage.cells(query, GRID, within=60)
    whole = told(MemRepo(rooms).cells(query, GRID))

    if isinstance(storage, MemRepo):
        assert (1, whole) == (found.share, told(found))
        return
    assert 0.3 < found.share < 0.7
    assert all(cell.room is None for cell in found.cells)
    assert whole.keys() == told(found).keys()
    estimated = sum(cell.rooms for cell in found.cells) / found.share
    exact = MemRepo(rooms).count(query)
    assert abs(estimated - exact) <= 0.25 * exact


@pytest.mark.parametrize("towns", [2, 3, 4, 8, 10, 16, 100])
def test_a_sample_includes_every_town_that_was_loaded_in_turn(
    towns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_cells, "READ", 1000)
    with STORAGES["sqlite"]() as storage:
        storage.load(
            make_room(code=f"r{number:04}", latitude=51, longitude=number % towns) for number in range(8000)
        )
        found = storage.cells(RoomQuery(areas=(BoundingBox(-1, 50, 100, 52),)), GRID)

    assert 1 / 8 == found.share
    assert towns == len(found.cells)
    estimates = [cell.rooms / found.share for cell in found.cells]
    assert all(0.2 < estimate / (8000 / towns) < 2.2 for estimate in estimates)


def test_a_sample_is_used_if_prices_and_sizes_rarely_coincide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_small_samples(monkeypatch)
    monkeypatch.setattr(sqlite_cells, "SEEN", 500)  # so that either filter alone leaves more
    cheap = Condition(Field.PRICE, Operator.LT, 3000)
    large = Condition(Field.SIZE, Operator.GTE, 2990)
    with STORAGES["sqlite"]() as storage:
        storage.load(make_room(code=f"r{n:04}", price=n, size=n + 1) for n in range(4000))
        shares = []
        for passed in (3000, 2999):
            monkeypatch.setattr(sqlite_cells, "PASSED", passed)
            shares.append(storage.cells(RoomQuery(conditions=(cheap, large)), GRID).share)

    assert (1, True) == (shares[0], 0.3 < shares[1] < 0.7)


def test_codes_are_looked_up_however_many_rooms_there_are(
    storage: RoomRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_small_samples(monkeypatch)
    look_at_few(monkeypatch)

    assert ["r0000", "r3998"] == sorted(
        cell.room.code for cell in storage.cells(CODES, GRID).cells if cell.room
    )


def test_counts_of_few_rooms_are_exact_however_many_there_are_elsewhere(
    storage: RoomRepository, rooms: list[Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_small_samples(monkeypatch)
    look_at_few(monkeypatch)
    query = RoomQuery(areas=(BoundingBox(0, 51.1, 0.1, 51.15),))

    found = storage.cells(query, GRID)
    assert (1, told(MemRepo(rooms).cells(query, GRID))) == (found.share, told(found))


@pytest.mark.parametrize(
    "areas", [(BoundingBox(-1, 51, 0, 52), BoundingBox(10, 51, 11, 52)), (BoundingBox(100, 0, 101, 1),)]
)
def test_there_are_no_cells_without_rooms(storage: RoomRepository, areas: tuple[BoundingBox, ...]) -> None:
    assert () == storage.cells(RoomQuery(areas=areas), GRID).cells
