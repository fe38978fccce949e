"""Swaps on SQLite and MongoDB, which implement them in their own ways."""

import sqlite3
import time
from contextlib import closing

import pytest
from bson import Int64

from rentomatic.repository.backend import Limits
from rentomatic.repository.mongo.repository import MongoRepo
from rentomatic.repository.sqlite.files import BUSY_TIMEOUT
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository
from tests.builders import make_room
from tests.repository.storages import STORAGES, mongo, sqlite


def test_a_swap_in_sqlite_waits_for_another_writer_for_a_limited_time() -> None:
    with sqlite(Limits(swap_wait=0.2)) as repository:
        assert isinstance(repository, SqliteRepo)
        repository.load([make_room()])
        with closing(sqlite3.connect(repository._path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            took = time_until_refused(repository)

        assert 0.1 < took < BUSY_TIMEOUT - 1
        assert repository.swap(make_room(), None)


def test_a_swap_in_mongodb_waits_for_another_writer_for_a_limited_time() -> None:
    with mongo(Limits(swap_wait=1.0)) as repository:
        assert isinstance(repository, MongoRepo)
        repository.load([make_room()])
        with repository._database(None) as database, database.client.start_session() as session:
            session.start_transaction()
            database.room.update_one({"code": "a1"}, {"$set": {"price": 61}}, session=session)
            took = time_until_refused(repository)

        assert 0.5 < took < 10
        # A swap that was given up may still have happened, on a server that is slow to notice.
        assert repository.get("a1") in (make_room(), make_room(price=1))
        assert any(repository.swap(repository.get("a1"), None) for _ in range(20))


def time_until_refused(repository: RoomRepository) -> float:
    begin = time.monotonic()
    with pytest.raises(RepositoryUnavailable):
        repository.swap(make_room(), make_room(price=1))
    return time.monotonic() - begin


def test_a_room_written_by_hand_into_sqlite_can_be_replaced() -> None:
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
def test_a_room_written_by_hand_into_mongodb_can_be_replaced(latitude: float, longitude: float) -> None:
    place = {"coordinates": [longitude, latitude], "type": "Point"}
    with STORAGES["mongo"]() as repository:
        assert isinstance(repository, MongoRepo)
        with repository._database(None) as database:
            document = {"price": 60.0, "place": place, "code": "a1"}  # from before rooms had titles
            database.room.insert_one(document, bypass_document_validation=True)
        found = repository.get("a1")

        assert make_room(size=None, latitude=51, longitude=0) == found
        assert repository.swap(found, make_room())
        assert make_room() == repository.get("a1")
