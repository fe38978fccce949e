"""Samples of an SQLite file: about right whatever the rooms' ids, and of bounded size."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from rentomatic.domain.clusters import Grid
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery
from rentomatic.domain.summary import estimate_of
from rentomatic.repository.sqlite import migrate, sampling
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.plan import cheapest_for_all
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.repository.sqlite.words import add_functions
from rentomatic.use_cases.errors import OutOfTime
from rentomatic.use_cases.ports import OnConflict
from tests.builders import make_room

ROOMS = 8000
TOWNS = 8
HIGHEST_ID = 2**63 - 1
TOLERANCE = 0.15

IDS = {
    "dense": "n",
    "negative": "n - 1000000000",
    "on both sides of zero": "n - 4000",
    "sparse": "n * 1000003",
    "so sparse that products of them exceed 64 bits": "n * 1000000000000000",
    "ever sparser": "n * n * n * n",
    "in two blocks far from each other": "CASE WHEN n < 6000 THEN n ELSE n + 2000000000 END",
    "dense but for one": "CASE WHEN n < 8000 THEN n ELSE 2000000000 END",
    "dense but for the highest possible": f"CASE WHEN n < 8000 THEN n ELSE {HIGHEST_ID} END",
    "dense but for the lowest possible": f"CASE WHEN n > 1 THEN n ELSE {-HIGHEST_ID} END",
}
"""Expressions that give each of the rooms 1 to 8,000 an id."""

INSERT = """
    WITH RECURSIVE room_number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM room_number WHERE n < ?)
    INSERT INTO room (id, code, price, size, latitude, longitude)
    SELECT {}, 'r' || n, n * 7919 % 100, 20, 51 + n * 13 % 997 / 1000.0, n / 1000 + n * 17 % 991 / 1000.0
    FROM room_number
"""
"""Rooms of one town after the other, as listings are sorted."""


def write_rooms(path: Path, ids: str, rooms: int = ROOMS) -> None:
    migrate.upgrade(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(INSERT.format(ids), (rooms,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rooms.db"


@pytest.fixture
def repository(path: Path) -> Iterator[SqliteRepo]:
    with closing(SqliteRepo(path, SQLITE_REVISION)) as opened:
        yield opened


@pytest.fixture
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "NODES", 60)
    monkeypatch.setattr(sampling, "ROOMS", 1500)


def assert_about(expected: int, estimated: float, tolerance: float = TOLERANCE) -> None:
    assert abs(estimated - expected) <= tolerance * expected, f"{estimated} instead of {expected}"


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_an_estimate_is_about_right_whatever_the_ids(path: Path, repository: SqliteRepo, ids: str) -> None:
    write_rooms(path, ids)
    cheap = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 50),))

    everything = repository.sample(RoomQuery())
    some = repository.sample(cheap)

    assert sum(everything.prices.values()) <= 1500
    assert_about(ROOMS, estimate_of(everything).count)
    assert_about(repository.count(cheap), estimate_of(some).count)


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_every_town_is_represented_in_a_sample(path: Path, repository: SqliteRepo, ids: str) -> None:
    write_rooms(path, ids)
    towns = [RoomQuery(areas=(BoundingBox(town, 50, town + 0.9999, 53),)) for town in range(TOWNS)]

    for town in towns:
        assert_about(repository.count(town), estimate_of(repository.sample(town)).count, tolerance=0.3)


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize(
    "removed",
    ["id % 40 > 0 AND id < 7900", "id > 1800", "id < 6200", "id BETWEEN 500 AND 7000", "id % 3"],
)
def test_an_estimate_is_about_right_after_most_rooms_were_removed(
    path: Path, repository: SqliteRepo, removed: str
) -> None:
    write_rooms(path, "n")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"DELETE FROM room WHERE {removed}")

    assert_about(repository.count(RoomQuery()), estimate_of(repository.sample(RoomQuery())).count)


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_cells_are_about_right_whatever_the_ids(
    path: Path, repository: SqliteRepo, ids: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rooms(path, ids)
    grid = Grid(width=1, height=1)
    half = RoomQuery(areas=(BoundingBox(0, 50, 3.9999, 53),))
    monkeypatch.setattr("rentomatic.repository.sqlite.cells.READ", 1000)

    for query, seen in ((RoomQuery(), 100), (half, 100), (half, 100_000)):
        monkeypatch.setattr("rentomatic.repository.sqlite.cells.SEEN", seen)
        found = repository.cells(query, grid)

        assert found.share < 0.5
        assert_about(repository.count(query), sum(cell.rooms for cell in found.cells) / found.share)


def test_a_sample_does_not_grow_with_the_number_of_rooms(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "NODES", 20)
    monkeypatch.setattr(sampling, "ROOMS", 200)
    steps = []
    for rooms in (4000, 16_000):
        write_rooms(file := tmp_path / f"{rooms}.db", "n * 1000003", rooms)
        with closing(sqlite3.connect(file)) as connection:
            add_functions(connection)
            called: list[int] = []
            connection.set_progress_handler(partial(called.append, 1), 10)
            source, _ = sampling.sampled_rooms(connection)
            (seen,) = connection.execute(f"SELECT count(*) {source.text}", source.values).fetchone()
        steps.append(len(called))
        assert seen == 200

    assert steps[1] < 1.5 * steps[0]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The share of all rooms in each sample, as it is drawn."""
    parts: list[float] = []
    draw = sampling._draw

    def noted(connection: sqlite3.Connection) -> float:
        parts.append(draw(connection))
        return parts[-1]

    monkeypatch.setattr(sampling, "_draw", noted)
    return parts


@pytest.mark.usefixtures("small_samples")
def test_a_sample_is_kept_until_the_rooms_change(
    path: Path, repository: SqliteRepo, drawn: list[float]
) -> None:
    write_rooms(path, "n")
    cheap = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 50),))

    samples = [repository.sample(query) for query in (cheap, RoomQuery(), cheap)]

    assert len(drawn) == 1
    assert samples[0] == samples[2]
    assert sum(samples[1].prices.values()) == 1500


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize("writer", ["the same connection", "another one"])
def test_a_new_sample_is_drawn_after_each_change(
    path: Path, repository: SqliteRepo, drawn: list[float], writer: str
) -> None:
    write_rooms(path, "n")
    repository.sample(RoomQuery())
    with closing(SqliteRepo(path, SQLITE_REVISION)) as other:
        writing = repository if writer == "the same connection" else other
        for number in (1, 2):
            writing.swap(None, make_room(code=f"new{number}"))
            assert len(drawn) == number

            repository.sample(RoomQuery())
            repository.sample(RoomQuery())

            assert len(drawn) == number + 1


def test_a_sample_of_a_search_that_ran_out_of_time_is_not_kept(
    path: Path, repository: SqliteRepo, drawn: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rooms(path, "n")
    monkeypatch.setattr(sampling, "ROOMS", 1500)
    with pytest.raises(OutOfTime):
        repository.sample(RoomQuery(), within=0.0)

    found = repository.sample(RoomQuery())

    assert sum(found.prices.values()) == 1500


@pytest.mark.parametrize("ids", ["n", "CASE WHEN n < 8000 THEN n ELSE 2000000000 END", "n - 1000000000"])
def test_an_area_with_many_rooms_is_read_from_the_table_whatever_the_ids(path: Path, ids: str) -> None:
    write_rooms(path, ids)
    most = RoomQuery(areas=(BoundingBox(-1, 50, 9, 53),), limit=20)
    with closing(sqlite3.connect(path)) as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr("rentomatic.repository.sqlite.plan.NARROW", 10)

        assert cheapest_for_all(connection, most).where.text == "true"


def test_rooms_loaded_after_the_highest_possible_id_are_found_by_place(
    path: Path, repository: SqliteRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rooms(path, str(HIGHEST_ID), rooms=1)
    monkeypatch.setattr("rentomatic.repository.sqlite.load._BULK", 100)
    new = [make_room(code=f"new{number:04}", latitude=10, longitude=10) for number in range(2500)]

    repository.load(new, OnConflict.REPLACE)

    assert repository.count(RoomQuery(areas=(BoundingBox(9, 9, 11, 11),))) == 2500
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT rtreecheck('room_place')").fetchone() == ("ok",)


@pytest.mark.usefixtures("small_samples")
def test_a_sample_finds_the_words_of_titles_and_descriptions(path: Path) -> None:
    migrate.upgrade(path)
    with closing(SqliteRepo(path, SQLITE_REVISION)) as repository:
        repository.load(
            make_room(code=f"w{n}", title="Quiet" if n % 2 else None, description=f"Number {n}")
            for n in range(8000)
        )
        found = estimate_of(repository.sample(RoomQuery(words=("number", "quiet"))))

    assert found.count == pytest.approx(4000, rel=TOLERANCE)
    assert not found.exact
