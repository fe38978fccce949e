"""Writes of the program from before titles beside this one, as during a rollout.

Its statements are preserved here.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymongo
import pytest
from pymongo import InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError, WriteError

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.mongo.migrate import upgrade as upgrade_mongo
from rentomatic.repository.mongo.repository import MongoRepo
from rentomatic.repository.mongo.schema import MONGO_REVISION
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.use_cases.ports import RoomRepository
from tests import mongo_server, postgres_server
from tests.builders import make_room

COLUMNS = "code, size, price, latitude, longitude"
SWAP = f"""
    UPDATE room SET ({COLUMNS}) = (?, ?, ?, ?, ?)
    WHERE code = ? AND size = ? AND price = ? AND latitude = ? AND longitude = ?
"""
INCOMING = """
    CREATE TEMPORARY TABLE incoming (
        code {text}, size integer, price integer, latitude {real}, longitude {real}
    )
"""
BY_HAND = f"INSERT INTO room ({COLUMNS}, title) VALUES (?, ?, ?, ?, ?, ?)"
BY_HAND_AND_READ = [
    ("Cafe\u0301 view", "Caf\u00e9 view"),
    ("Cafe\u0301 caf\u00e9", "Caf\u00e9 caf\u00e9"),
    ("\u0958" * 119 + "b", "\u0915\u093c" * 60),
    ("\u200b\u2060", None),
]
"""Titles as a row may have them and as they are read: composed, shortened, left out where invisible."""

STAGE = f"INSERT INTO incoming ({COLUMNS}) VALUES (?, ?, ?, ?, ?)"
UPSERT = f"""
    INSERT INTO room ({COLUMNS}) SELECT {COLUMNS} FROM incoming WHERE true
    ON CONFLICT (code) DO UPDATE SET size = excluded.size, price = excluded.price,
        latitude = excluded.latitude, longitude = excluded.longitude
"""
REMOVE_OTHERS = "DELETE FROM room WHERE NOT EXISTS (SELECT 1 FROM incoming WHERE incoming.code = room.code)"

Execute = Callable[..., Any]
"""Runs a statement of the older program, committed at once."""


@contextmanager
def on_sqlite(folder: Path) -> Iterator[tuple[RoomRepository, Execute]]:
    path = folder / "rooms.db"
    upgrade_sqlite(path)
    with (
        closing(SqliteRepo(path, SQLITE_REVISION)) as repository,
        closing(sqlite3.connect(path, isolation_level=None)) as older,
    ):
        older.execute(INCOMING.format(text="TEXT", real="REAL"))
        yield repository, older.execute


@contextmanager
def on_postgres(folder: Path) -> Iterator[tuple[RoomRepository, Execute]]:
    with (
        postgres_server.database() as conninfo,
        closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as repository,
        psycopg.connect(conninfo, autocommit=True) as older,
    ):
        older.execute(INCOMING.format(text='varchar(36) COLLATE "C"', real="double precision").encode())
        yield repository, lambda text, values=(): older.execute(text.replace("?", "%s").encode(), values)


@pytest.fixture(params=[on_sqlite, on_postgres], ids=["sqlite", "postgres"])
def beside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[RoomRepository, Execute]]:
    """A storage as this program uses it, and the older program beside it."""
    with request.param(tmp_path) as both:
        yield both


def row(room: Room) -> tuple[object, ...]:
    return room.code, room.size, room.price, room.latitude, room.longitude


def test_an_older_program_edits_its_own_fields_and_keeps_the_title(
    beside: tuple[RoomRepository, Execute],
) -> None:
    repository, older = beside
    old, new = make_room(title="Quiet"), make_room(title="Quiet", price=99)
    repository.swap(None, old)

    older(SWAP, (*row(new), *row(old)))

    assert new == repository.get("a1")


def test_words_are_found_as_the_older_program_leaves_the_texts(
    beside: tuple[RoomRepository, Execute],
) -> None:
    repository, older = beside
    quiet = make_room(title="Quiet", features=("Desk",), description="By the river")
    repository.load([quiet, make_room(code="b2", title="Loud")])

    older(SWAP, (*row(make_room(price=99)), *row(quiet)))
    for room in (make_room(code="b2", price=99), make_room(code="c3")):
        older(STAGE, row(room))
    older(UPSERT)
    older("UPDATE room SET title = 'Sunny' WHERE code = 'c3'")
    older("UPDATE room SET title = 'Calm' WHERE code = 'b2'")

    found = {
        word: [room.code for room in repository.search(RoomQuery(words=(word,))).rooms]
        for word in ("quiet", "desk", "river", "loud", "sunny", "calm")
    }
    expected = {"quiet": ["a1"], "desk": ["a1"], "river": ["a1"], "loud": [], "sunny": ["c3"], "calm": ["b2"]}
    assert expected == found


def test_an_older_edit_does_not_overwrite_a_concurrent_newer_one(
    beside: tuple[RoomRepository, Execute],
) -> None:
    repository, older = beside
    seen = make_room()
    repository.swap(None, seen)
    repository.swap(seen, make_room(price=70, title="Quiet"))

    changed = older(SWAP, (*row(make_room(price=99)), *row(seen))).rowcount

    assert (0, make_room(price=70, title="Quiet")) == (changed, repository.get("a1"))


def test_a_newer_edit_is_refused_if_the_title_has_changed(
    beside: tuple[RoomRepository, Execute],
) -> None:
    repository, older = beside
    repository.swap(None, make_room(title="Quiet"))
    older("UPDATE room SET title = 'Loud'")

    assert not repository.swap(make_room(title="Quiet"), make_room())
    assert make_room(title="Loud") == repository.get("a1")


def test_an_older_import_keeps_titles_and_adds_rooms_without_one(
    beside: tuple[RoomRepository, Execute],
) -> None:
    repository, older = beside
    repository.load([make_room(title="Quiet"), make_room(code="b2", title="Loud")])

    for room in (make_room(price=99), make_room(code="c3")):
        older(STAGE, row(room))
    older(UPSERT)

    expected = [make_room(price=99, title="Quiet"), make_room(code="b2", title="Loud"), make_room(code="c3")]
    assert expected == [repository.get(code) for code in ("a1", "b2", "c3")]


def test_an_older_restore_removes_other_rooms_and_keeps_titles(
    beside: tuple[RoomRepository, Execute],
) -> None:
    repository, older = beside
    repository.load([make_room(title="Quiet"), make_room(code="b2", title="Loud")])

    older(STAGE, row(make_room(price=99)))
    older(UPSERT)
    older(REMOVE_OTHERS)

    assert [make_room(price=99, title="Quiet"), None] == [repository.get(code) for code in ("a1", "b2")]


def test_this_program_removes_a_title_only_on_request(
    beside: tuple[RoomRepository, Execute],
) -> None:
    repository, _ = beside
    repository.load([make_room(title="Quiet")])

    assert 1 == repository.load([make_room()]).replaced
    assert make_room() == repository.get("a1")


@pytest.mark.parametrize(("written", "title"), BY_HAND_AND_READ, ids=ascii)
@pytest.mark.parametrize("new", [make_room(title="Other"), None], ids=["replace", "remove"])
def test_row_written_by_hand_is_found_with_its_title_in_any_unicode_form(
    beside: tuple[RoomRepository, Execute], written: str, title: str | None, new: Room | None
) -> None:
    repository, by_hand = beside
    by_hand(BY_HAND, (*row(make_room()), written))
    found = repository.get("a1")

    assert make_room(title=title) == found
    assert not repository.swap(make_room(title="Else"), new)
    assert repository.swap(found, new)
    assert new == repository.get("a1")


@pytest.mark.parametrize(
    "title", ["", " a", "a ", "a  b", "a\tb", "a\nb", "a\u00a0b", "a\u202eb", "a\u3000b", "x" * 121]
)
def test_row_written_by_hand_with_an_invalid_title_is_refused(
    beside: tuple[RoomRepository, Execute], title: str
) -> None:
    _, by_hand = beside
    with pytest.raises((sqlite3.IntegrityError, psycopg.Error)):
        by_hand(BY_HAND, (*row(make_room()), title))


@pytest.fixture
def mongo() -> Iterator[tuple[MongoRepo, Any]]:
    """A database as this program uses it, and the collection as the older one does."""
    with mongo_server.database() as (uri, name):
        upgrade_mongo(uri, name)
        with (
            closing(MongoRepo(uri, name, MONGO_REVISION)) as repository,
            pymongo.MongoClient[dict[str, Any]](uri) as older,
        ):
            yield repository, older[name].room


def old_document(room: Room) -> dict[str, Any]:
    place = {"type": "Point", "coordinates": [room.longitude, room.latitude]}
    return {"code": room.code, "size": room.size, "price": room.price, "place": place}


def test_older_writes_to_mongodb_that_would_drop_titles_are_refused(mongo: tuple[MongoRepo, Any]) -> None:
    repository, older = mongo
    repository.load([make_room(title="Quiet")])
    changed = old_document(make_room(price=99))

    with pytest.raises(WriteError):
        older.replace_one({"code": "a1"}, changed)
    with pytest.raises(BulkWriteError):
        older.bulk_write([ReplaceOne({"code": "a1"}, changed), InsertOne(old_document(make_room(code="b2")))])

    assert [make_room(title="Quiet"), None] == [repository.get(code) for code in ("a1", "b2")]


@pytest.mark.parametrize(("written", "title"), BY_HAND_AND_READ, ids=ascii)
@pytest.mark.parametrize("new", [make_room(title="Other"), None], ids=["replace", "remove"])
def test_document_written_by_hand_is_found_with_its_title_in_any_unicode_form(
    mongo: tuple[MongoRepo, Any], written: str, title: str | None, new: Room | None
) -> None:
    repository, by_hand = mongo
    by_hand.insert_one({**old_document(make_room()), "title": written})
    found = repository.get("a1")

    assert make_room(title=title) == found
    assert not repository.swap(make_room(title="Else"), new)
    assert repository.swap(found, new)
    assert new == repository.get("a1")


def test_this_program_keeps_unknown_members_of_documents(mongo: tuple[MongoRepo, Any]) -> None:
    repository, newer = mongo
    newer.database.command({"collMod": "room", "validator": {}})
    newer.insert_one({**old_document(make_room()), "title": "Quiet", "colour": "red"})

    repository.swap(make_room(title="Quiet"), make_room(price=70))
    repository.load([make_room(price=71, title="Loud")])

    assert "red" == newer.find_one({"code": "a1"})["colour"]
    assert make_room(price=71, title="Loud") == repository.get("a1")
