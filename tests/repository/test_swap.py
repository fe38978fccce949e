"""One room in the place of another, the same in every storage."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from bson import Int64

from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.room import MAX_INTEGER, Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.mongo import repository as mongo_repository
from rentomatic.repository.mongo.repository import MongoRepo
from rentomatic.repository.sqlite import repository as sqlite_repository
from rentomatic.repository.sqlite.files import BUSY_TIMEOUT
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository
from tests.builders import make_room
from tests.repository.storages import STORAGES

OTHERS = [
    make_room(size=21),
    make_room(size=None),
    make_room(price=61),
    make_room(latitude=51.500000000000007),
    make_room(longitude=-0.12000000000000002),
]
"""Rooms of one code that differ from each other in one value."""

EXTREMES = [
    make_room(size=MAX_INTEGER, price=MAX_INTEGER),
    make_room(size=1, price=0),
    make_room(size=None, latitude=0, longitude=0),
    make_room(latitude=90, longitude=180),
    make_room(latitude=-90, longitude=-180),
    make_room(latitude=1e-15, longitude=-1e-15),
    make_room(latitude=89.99999999999999, longitude=-179.99999999999997),
    make_room(latitude=0.1 + 0.2, longitude=1 / 3),
]


def test_a_room_takes_the_place_of_none(repository: RoomRepository) -> None:
    assert repository.swap(None, make_room())

    assert make_room() == repository.get("a1")


def test_a_room_takes_the_place_of_the_one_that_is_there(repository: RoomRepository) -> None:
    repository.load([make_room(), make_room(code="b2")])

    assert repository.swap(make_room(), make_room(price=1))

    assert [make_room(price=1), make_room(code="b2")] == rooms_of(repository)


def test_a_room_that_moves_is_found_where_it_is(repository: RoomRepository) -> None:
    repository.load([make_room()])

    repository.swap(make_room(), make_room(latitude=-33.9, longitude=151.2))

    query = RoomQuery(areas=(BoundingBox(151, -34, 152, -33),))
    assert repository.search(query).rooms == (make_room(latitude=-33.9, longitude=151.2),)


def test_no_room_takes_the_place_of_the_one_that_is_there(repository: RoomRepository) -> None:
    repository.load([make_room(), make_room(code="b2")])

    assert repository.swap(make_room(), None)

    assert [make_room(code="b2")] == rooms_of(repository)


@pytest.mark.parametrize("old", OTHERS, ids=repr)
@pytest.mark.parametrize("new", [make_room(price=1), None], ids=["replace", "remove"])
def test_what_is_not_there_is_not_replaced(repository: RoomRepository, old: Room, new: Room | None) -> None:
    repository.load([make_room()])

    assert not repository.swap(old, new)

    assert [make_room()] == rooms_of(repository)


@pytest.mark.parametrize("present", OTHERS, ids=repr)
def test_a_room_does_not_take_the_place_of_none_where_one_is(
    repository: RoomRepository, present: Room
) -> None:
    repository.load([present])

    assert not repository.swap(None, make_room())

    assert [present] == rooms_of(repository)


@pytest.mark.parametrize("new", [make_room(price=1), None], ids=["replace", "remove"])
def test_where_nothing_is_nothing_is_replaced(repository: RoomRepository, new: Room | None) -> None:
    assert not repository.swap(make_room(), new)

    assert [] == rooms_of(repository)


@pytest.mark.parametrize("room", EXTREMES, ids=repr)
def test_a_room_is_known_again_whatever_its_values(repository: RoomRepository, room: Room) -> None:
    assert repository.swap(None, room)
    found = repository.get("a1")

    assert room == found
    assert repository.swap(found, make_room())
    assert repository.swap(make_room(), room)
    assert repository.swap(room, room)
    assert repository.swap(room, None)


def test_of_two_rooms_in_one_place_only_the_named_one_is_replaced(repository: RoomRepository) -> None:
    repository.load([make_room(), make_room(code="A1")])

    assert repository.swap(make_room(code="A1"), make_room(code="A1", price=2))

    assert [make_room(code="A1", price=2), make_room()] == rooms_of(repository)


@pytest.mark.parametrize(("old", "new"), [(None, None), (make_room(), make_room(code="b2"))])
def test_a_swap_is_of_one_code(repository: RoomRepository, old: Room | None, new: Room | None) -> None:
    repository.load([make_room()])
    with pytest.raises(ValueError, match="same code"):
        repository.swap(old, new)

    assert [make_room()] == rooms_of(repository)


def test_behind_another_writer_a_swap_of_sqlite_is_given_up_after_a_second() -> None:
    with STORAGES["sqlite"]() as repository:
        assert isinstance(repository, SqliteRepo)
        repository.load([make_room()])
        with closing(sqlite3.connect(repository._path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            took = time_until_refused(repository)

        assert 0.5 < took < BUSY_TIMEOUT - 1
        assert repository.swap(make_room(), None)


def test_behind_another_writer_a_swap_of_mongodb_is_given_up_after_two_seconds() -> None:
    with STORAGES["mongo"]() as repository:
        assert isinstance(repository, MongoRepo)
        repository.load([make_room()])
        repository._timeout = 60.0
        with repository._database(None) as database, database.client.start_session() as session:
            session.start_transaction()
            database.room.update_one({"code": "a1"}, {"$set": {"price": 61}}, session=session)
            took = time_until_refused(repository)

        assert 0.5 < took < 10
        # What was given up may have been done all the same, by a server that is slow to notice.
        assert repository.get("a1") in (make_room(), make_room(price=1))
        assert any(repository.swap(repository.get("a1"), None) for _ in range(20))


def time_until_refused(repository: RoomRepository) -> float:
    begin = time.monotonic()
    with pytest.raises(RepositoryUnavailable):
        repository.swap(make_room(), make_room(price=1))
    return time.monotonic() - begin


@pytest.fixture
def patient_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no writer give up on a machine so busy that others keep it waiting for seconds."""
    for module in (sqlite_repository, mongo_repository):
        monkeypatch.setattr(module, "SWAP_TIMEOUT", 60.0)


@pytest.mark.usefixtures("patient_writers")
@pytest.mark.parametrize(
    ("old", "remove"),
    [(None, False), (make_room(price=0), False), (make_room(price=0), True)],
    ids=["add", "replace", "remove"],
)
def test_of_many_at_once_exactly_one_wins(repository: RoomRepository, old: Room | None, remove: bool) -> None:
    threads = 4
    for _ in range(15):
        only(repository, old)
        start = threading.Barrier(threads)

        def compete(number: int, start: threading.Barrier = start) -> bool:
            start.wait(30)
            return repository.swap(old, None if remove else make_room(price=number))

        with ThreadPoolExecutor(threads) as pool:
            won = list(pool.map(compete, range(1, threads + 1)))

        assert 1 == won.count(True)
        left = None if remove else make_room(price=won.index(True) + 1)
        assert left == repository.get("a1")


@pytest.mark.usefixtures("patient_writers")
def test_no_edit_is_lost(repository: RoomRepository) -> None:
    repository.load([make_room(price=0)])

    def raise_price(times: int) -> None:
        while times:
            present = repository.get("a1")
            assert present is not None
            times -= repository.swap(present, make_room(price=present.price + 1))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(raise_price, 25) for _ in range(4)]:
            done.result(timeout=60)

    assert make_room(price=100) == repository.get("a1")


def test_a_room_that_was_written_by_hand_into_sqlite_can_be_replaced() -> None:
    with STORAGES["sqlite"]() as repository:
        assert isinstance(repository, SqliteRepo)
        with closing(sqlite3.connect(repository._path)) as connection, connection:
            connection.execute(
                "INSERT INTO room (code, price, latitude, longitude) VALUES ('a1', 60, 1e-20, 5)"
            )
        found = repository.get("a1")

        assert make_room(size=None, latitude=0, longitude=5) == found
        assert repository.swap(found, make_room())
        assert make_room() == repository.get("a1")


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(51, 0), (Int64(51), -1e-20), (51.0, 0.0)], ids=["int", "long", "double"]
)
def test_a_room_that_was_written_by_hand_into_mongodb_can_be_replaced(
    latitude: float, longitude: float
) -> None:
    place = {"coordinates": [longitude, latitude], "type": "Point"}
    with STORAGES["mongo"]() as repository:
        assert isinstance(repository, MongoRepo)
        with repository._database(None) as database:
            database.room.insert_one({"price": 60.0, "place": place, "code": "a1"})
        found = repository.get("a1")

        assert make_room(size=None, latitude=51, longitude=0) == found
        assert repository.swap(found, make_room())
        assert make_room() == repository.get("a1")


def only(repository: RoomRepository, room: Room | None) -> None:
    repository.load([] if room is None else [room], exactly=True)


def rooms_of(repository: RoomRepository) -> list[Room]:
    with repository.stream(RoomQuery()) as rooms:
        return list(rooms)
