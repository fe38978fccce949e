"""The words of rooms in MongoDB: how searches ask for them, and documents that another program wrote."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pymongo
import pytest
from bson.regex import Regex
from pymongo.errors import ExecutionTimeout, WriteError
from pymongo.monitoring import CommandListener, CommandStartedEvent, CommandSucceededEvent

from rentomatic.domain.clusters import Grid
from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.mongo import pending, quick
from rentomatic.repository.mongo.migrate import upgrade
from rentomatic.repository.mongo.repository import MongoRepo
from rentomatic.repository.mongo.schema import MONGO_REVISION
from rentomatic.repository.pending import words_of_texts
from rentomatic.use_cases.errors import NotQuick, WordsNotStored
from tests.builders import make_room
from tests.mongo_server import database

Document = dict[str, Any]

SPOT = {"type": "Point", "coordinates": [-0.12, 51.5]}
CENTRE = Point(51.5, -0.12)


class Reads(CommandListener):
    """The filters that were sent to the server, and the members of the documents that it returned."""

    def __init__(self) -> None:
        self.filters: list[Document] = []
        self.members: set[str] = set()

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.filters.append(dict(event.command["filter"]))
        if event.command_name == "aggregate":
            stages = event.command["pipeline"]
            self.filters += [stage["$match"] for stage in stages if "$match" in stage]
            self.filters += [stage["$geoNear"]["query"] for stage in stages if "$geoNear" in stage]

    def succeeded(self, event: CommandSucceededEvent) -> None:
        for document in event.reply.get("cursor", {}).get("firstBatch", ()):
            self.members |= {*document, *(document.get("room") or ())}

    def failed(self, event: object) -> None:
        pass


@pytest.fixture
def place() -> Iterator[tuple[str, str]]:
    """The address and the name of an empty, migrated database."""
    with database() as (uri, name):
        upgrade(uri, name)
        yield uri, name


@pytest.fixture
def rooms(place: tuple[str, str]) -> Iterator[Any]:
    """The collection as used in a shell."""
    with pymongo.MongoClient[Document](place[0]) as client:
        yield client[place[1]].room


@pytest.fixture
def repository(place: tuple[str, str]) -> Iterator[MongoRepo]:
    with closing(MongoRepo(*place, MONGO_REVISION)) as repository:
        yield repository


@pytest.fixture
def reads(repository: MongoRepo, place: tuple[str, str]) -> Iterator[Reads]:
    """What the repository reads."""
    listener = Reads()
    repository.ping()
    assert repository._client is not None
    repository._client.close()
    with pymongo.MongoClient[Document](place[0], event_listeners=[listener]) as client:
        client.admin.command("ping")
        repository._client = client
        yield listener


def by_hand(code: str, **members: object) -> Document:
    return {"code": code, "size": 1, "price": 1, "place": SPOT, "title": None, **members}


def codes(repository: MongoRepo, *words: str) -> list[str]:
    return [room.code for room in repository.search(RoomQuery(words=words)).rooms]


def patterns(filter_: Document) -> list[Regex[str]]:
    return list((filter_.get("words") or {}).get("$all", ()))


WAYS = {
    "by price": RoomQuery(sort=SORTS["price"]),
    "nearest": RoomQuery(near=CENTRE, sort=BY_DISTANCE),
    "with a price": RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 60),)),
}


@pytest.mark.parametrize("name", WAYS)
def test_each_word_is_one_anchored_pattern_on_the_indexed_member(
    repository: MongoRepo, reads: Reads, rooms: Any, name: str
) -> None:
    repository.load([make_room(title="Quiet room", price=50)])
    query = replace(WAYS[name], words=("quiet", "roo"))

    found = repository.search(query).rooms
    repository.count(query)
    repository.summarise(query)

    assert 1 == len(found)
    asked = [filter_ for filter_ in reads.filters if patterns(filter_)]
    assert len(asked) >= 3
    assert all([Regex("^quiet"), Regex("^roo")] == patterns(filter_) for filter_ in asked)
    assert "room_words" in rooms.index_information()


def test_words_are_never_read_with_a_room(repository: MongoRepo, reads: Reads) -> None:
    room = make_room(title="Quiet")
    query = RoomQuery(words=("quiet",))
    repository.load([room])
    reads.members.clear()

    repository.get("a1")
    for way in WAYS.values():
        repository.search(replace(way, words=query.words))
    repository.cells(query, Grid(1, 1))
    repository.sample(query)
    repository.load([room])
    repository.swap(make_room(title="Loud"), None)
    with repository.stream(query) as found:
        list(found)

    assert {"title", "place"} < reads.members
    assert set() == reads.members & {"words", "words_of"}


def test_search_for_a_rare_word_is_quick_and_for_common_ones_it_is_not(
    repository: MongoRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.load(make_room(code=f"n{n}", title=f"Room {n}", price=n) for n in range(60))
    monkeypatch.setattr(quick, "READ", 20)
    rare, common = RoomQuery(words=("room", "33")), RoomQuery(words=("room",), sort=SORTS["price"])

    assert ["n33"] == [room.code for room in repository.search(rare, quick=True).rooms]
    assert 1 == repository.count(rare, quick=True)
    with pytest.raises(NotQuick):
        repository.search(common, quick=True)
    with pytest.raises(NotQuick):
        repository.count(common, 10, quick=True)
    assert 60 == repository.count(common)


@pytest.mark.parametrize(
    ("members", "word", "found"),
    [
        ({"title": "Quiet"}, "qui", ["a"]),
        ({"features": ["Café", "Desk"]}, "desk", ["a"]),
        ({"title": "Cafe\u0301"}, "cafe", ["a"]),
        ({"title": None, "kind": "Loft"}, "loft", ["a"]),
        ({}, "quiet", []),
    ],
)
def test_document_written_by_hand_is_found_before_and_after_its_words_are_written(
    repository: MongoRepo,
    rooms: Any,
    place: tuple[str, str],
    members: Document,
    word: str,
    found: list[str],
) -> None:
    rooms.insert_one(by_hand("a", **members))
    told: list[int] = []

    before = codes(repository, word), repository.pending(10)
    upgrade(*place, told.append)

    assert ([1], 0) == (told, repository.pending(10))
    assert (found, 1) == before
    assert found == codes(repository, word)


def test_document_from_before_titles_gets_words(
    repository: MongoRepo, rooms: Any, place: tuple[str, str]
) -> None:
    older = {name: value for name, value in by_hand("a").items() if name != "title"}
    rooms.database.client.get_database(place[1]).command(
        {"insert": "room", "documents": [older], "bypassDocumentValidation": True}
    )

    upgrade(*place)

    assert 0 == rooms.count_documents({"words": None})
    assert repository.get("a") is not None


def test_text_changed_by_hand_is_refused_unless_the_words_are_removed(
    repository: MongoRepo, rooms: Any
) -> None:
    repository.load([make_room(title="Quiet"), make_room(code="b2", title="Calm")])

    with pytest.raises(WriteError):
        rooms.update_one({"code": "a1"}, {"$set": {"title": "Loud"}})
    rooms.update_one({"code": "a1"}, {"$set": {"title": "Loud"}, "$unset": {"words": ""}})
    rooms.update_one({"code": "b2"}, {"$set": {"price": 7}})

    found = {word: codes(repository, word) for word in ("quiet", "loud", "calm")}
    assert {"quiet": [], "loud": ["a1"], "calm": ["b2"]} == found


@pytest.mark.parametrize("words", [[], ["quiet", 7], ["x" * 101], "quiet"], ids=str)
def test_server_refuses_words_that_are_not_a_list_of_words(rooms: Any, words: object) -> None:
    nothing = [None] * 5

    rooms.insert_one(by_hand("right", words=["quiet"], words_of=nothing))
    with pytest.raises(WriteError):
        rooms.insert_one(by_hand("wrong", words=words, words_of=nothing))


def test_room_without_texts_is_not_pending(repository: MongoRepo, rooms: Any) -> None:
    repository.load([make_room()])
    repository.swap(None, make_room(code="b2", description="!"))

    assert 0 == rooms.count_documents({"words": None})


def said(n: int) -> Room:
    title = ("Quiet room", "Loud room", None)[n % 3]
    return make_room(code=f"n{n:02}", price=n, latitude=51.5 + n / 1000, title=title, kind=f"Kind {n % 2}")


@pytest.mark.parametrize("way", WAYS)
def test_pending_rooms_are_in_every_answer(repository: MongoRepo, rooms: Any, way: str) -> None:
    all_rooms = [said(n) for n in range(40)]
    query = replace(WAYS[way], words=("room", "1"), limit=5)
    repository.load(all_rooms)
    rooms.update_many({"code": {"$gte": "n20"}}, {"$unset": {"words": ""}})
    oracle = MemRepo(all_rooms)

    assert oracle.search(query) == repository.search(query, quick=True)
    assert oracle.count(query) == repository.count(query)
    assert oracle.summarise(query) == repository.summarise(query)
    cells = [repository.cells(query, Grid(2, 2)) for repository in (oracle, repository)]
    assert sorted(cells[0].cells, key=str) == sorted(cells[1].cells, key=str)
    assert oracle.count(query) == sum(repository.sample(query).prices.values())
    with oracle.stream(query) as expected, repository.stream(query) as found:
        assert list(expected) == list(found)


def test_search_among_many_pending_rooms_is_not_quick(
    repository: MongoRepo, rooms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.insert_many([by_hand(f"n{n}", title="Quiet") for n in range(3)])
    query = RoomQuery(words=("quiet",))
    monkeypatch.setattr(pending, "QUICK", 3)
    assert 3 == repository.count(query, quick=True)

    monkeypatch.setattr(pending, "QUICK", 2)

    with pytest.raises(NotQuick):
        repository.count(query, quick=True)
    assert 3 == repository.count(query)


def test_other_conditions_leave_few_of_many_pending_rooms_to_read(
    repository: MongoRepo, rooms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.insert_many([by_hand(f"n{n}", title="Quiet") for n in range(5)])
    monkeypatch.setattr(pending, "QUICK", 2)
    query = RoomQuery(words=("quiet",), conditions=(Condition(Field.CODE, Operator.EQ, "n3"),))

    assert ["n3"] == [room.code for room in repository.search(query, quick=True).rooms]
    assert 1 == repository.count(query)


def test_search_that_takes_too_long_because_of_pending_rooms_says_so(
    repository: MongoRepo, rooms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.insert_many([by_hand(f"n{n}", title="Quiet") for n in range(5)])
    monkeypatch.setattr(pending, "QUICK", 2)

    def run_out_of_time(query: RoomQuery) -> list[Document]:
        raise ExecutionTimeout("operation exceeded time limit")

    monkeypatch.setattr(pending, "wide_filters", run_out_of_time)

    with pytest.raises(WordsNotStored, match="rentomatic migrate"):
        repository.count(RoomQuery(words=("quiet",)))


def test_migration_that_was_interrupted_goes_on_where_it_stopped(
    repository: MongoRepo, rooms: Any, place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.insert_many([by_hand(f"n{n}", title=f"Quiet {n}") for n in range(50)])
    rooms.database.schema.update_one({"_id": "room"}, {"$set": {"revision": "0004"}})
    monkeypatch.setattr(pending, "_BATCH", 7)
    left = [*range(20)]
    with monkeypatch.context() as patch:
        patch.setattr(
            f"{pending.__name__}.words_of_texts", lambda texts: (left.pop(), words_of_texts(texts))[1]
        )
        with pytest.raises(IndexError):
            upgrade(*place)

    assert 50 - 14 == rooms.count_documents({"words": None})
    assert (MONGO_REVISION, MONGO_REVISION) == upgrade(*place)
    assert 0 == rooms.count_documents({"words": None})
    assert ["n33"] == codes(repository, "33")


def test_migration_leaves_a_document_that_breaks_the_rules_to_its_owner(
    repository: MongoRepo, rooms: Any, place: tuple[str, str]
) -> None:
    wrong = by_hand("wrong", title="Quiet", colour="red")
    rooms.database.command({"insert": "room", "documents": [wrong], "bypassDocumentValidation": True})
    rooms.insert_one(by_hand("right", title="Quiet"))

    upgrade(*place)

    assert ["wrong"] == [document["code"] for document in rooms.find({"words": None})]
    assert ["right", "wrong"] == codes(repository, "quiet")


def test_load_with_a_new_text_writes_its_words(repository: MongoRepo) -> None:
    repository.load([make_room(title="Quiet")])

    repository.load([make_room(title="Loud")])
    assert repository.swap(make_room(title="Loud"), make_room(title="Sunny"))

    assert [[], [], ["a1"]] == [codes(repository, word) for word in ("quiet", "loud", "sunny")]


def of_older_program(room: Room) -> Document:
    """What a program before words sets: all members that it knows."""
    place = {"type": "Point", "coordinates": [room.longitude, room.latitude]}
    names = ("code", "size", "price", "title", "kind", "neighbourhood", "guests", "min_stay")
    members = {name: getattr(room, name) for name in (*names, "features", "description", "url", "photos")}
    return {**members, "place": place}


def test_program_before_words_changes_prices_and_is_refused_a_changed_text(
    repository: MongoRepo, rooms: Any
) -> None:
    repository.load([make_room(title="Quiet"), make_room(code="b2", title="Calm")])

    rooms.update_one({"code": "b2"}, {"$set": of_older_program(make_room(code="b2", title="Calm", price=9))})
    rooms.insert_one(of_older_program(make_room(code="c3", title="Sunny")))
    with pytest.raises(WriteError):
        rooms.update_one({"code": "a1"}, {"$set": of_older_program(make_room(title="Loud"))})

    found = {word: codes(repository, word) for word in ("quiet", "loud", "calm", "sunny")}
    assert {"quiet": ["a1"], "loud": [], "calm": ["b2"], "sunny": ["c3"]} == found
    assert make_room(code="b2", title="Calm", price=9) == repository.get("b2")


def test_program_before_words_changes_texts_once_the_stored_words_are_removed(
    place: tuple[str, str], repository: MongoRepo, rooms: Any
) -> None:
    repository.load([make_room(title="Quiet"), make_room(code="b2", title="Calm")])

    rooms.update_many({}, {"$unset": {"words": ""}})
    rooms.update_one({"code": "a1"}, {"$set": of_older_program(make_room(title="Loud"))})

    expected = {"quiet": [], "loud": ["a1"], "calm": ["b2"]}
    assert expected == {word: codes(repository, word) for word in expected}
    upgrade(*place)
    assert 0 == repository.pending(1)
    assert expected == {word: codes(repository, word) for word in expected}
