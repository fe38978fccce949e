"""MongoDB in particular: plans, rules in the database, migrations, and unreachable servers."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import astuple, replace
from typing import Any

import pymongo
import pytest
from bson import Int64
from hypothesis import HealthCheck, given, settings
from pymongo.errors import DuplicateKeyError, OperationFailure, WaitQueueTimeoutError, WriteError
from pymongo.monitoring import CommandListener, CommandStartedEvent, CommandSucceededEvent

from rentomatic.domain.clusters import Grid
from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Field, RoomQuery
from rentomatic.domain.summary import Range
from rentomatic.repository.backend import Limits
from rentomatic.repository.keyset import segments
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.mongo.errors import translated_errors
from rentomatic.repository.mongo.filters import segment_order
from rentomatic.repository.mongo.migrate import upgrade
from rentomatic.repository.mongo.repository import MongoRepo
from rentomatic.repository.mongo.schema import INDEXES, MONGO_REVISION, statements
from rentomatic.repository.mongo.search import Moment, first_rooms
from rentomatic.repository.mongo.totals import count_rooms
from rentomatic.sample_rooms import sample_rooms
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, StorageBusy
from tests.builders import make_room, queries, room_sets
from tests.mongo_server import database, mongo_server

Document = dict[str, Any]

CENTRE = Point(51.512, -0.123)
BY_FIELD = [name for name in SORTS if name != "distance"]
LIMIT = 30.0
AT_ONCE = 10.0
"""Seconds for twenty uses of a server known to be unreachable; trying it each time would take a second."""
SPOT = {"type": "Point", "coordinates": [-0.09998975, 51.75436293]}


class Traffic(CommandListener):
    """The reads that were sent to the server, and the number of returned documents."""

    def __init__(self) -> None:
        self.reads: list[Document] = []
        self.documents = 0

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in {"find", "aggregate"}:
            names = ("find", "aggregate", "filter", "sort", "limit", "projection", "pipeline", "cursor")
            self.reads.append({name: event.command[name] for name in names if name in event.command})

    def succeeded(self, event: CommandSucceededEvent) -> None:
        cursor = event.reply.get("cursor", {})
        self.documents += len(cursor.get("firstBatch", cursor.get("nextBatch", ())))

    def failed(self, event: object) -> None:
        pass


@pytest.fixture
def place() -> Iterator[tuple[str, str]]:
    """The address and the name of an empty, migrated database."""
    with database() as (uri, name):
        upgrade(uri, name)
        yield uri, name


@pytest.fixture
def by_hand(place: tuple[str, str]) -> Iterator[Any]:
    """The database as used in a shell."""
    with pymongo.MongoClient[Document](place[0]) as client:
        yield client[place[1]]


@pytest.fixture
def repository(place: tuple[str, str]) -> Iterator[MongoRepo]:
    with closing(MongoRepo(*place, MONGO_REVISION)) as repository:
        yield repository


@pytest.fixture(scope="module")
def town() -> Iterator[tuple[str, str]]:
    """A database of 600 rooms, which tests do not change."""
    with database() as (uri, name):
        upgrade(uri, name)
        with closing(MongoRepo(uri, name, MONGO_REVISION)) as repository:
            repository.load(sample_rooms(600))
        yield uri, name


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()


@pytest.fixture
def moment(town: tuple[str, str], traffic: Traffic) -> Iterator[Moment]:
    with (
        pymongo.MongoClient[Document](town[0], event_listeners=[traffic]) as client,
        client.start_session(snapshot=True) as session,
    ):
        yield Moment(client[town[1]].room, session)


def plans(moment: Moment, traffic: Traffic) -> str:
    """Return the server's plans for the reads so far."""
    commands = [{name: value for name, value in read.items() if name != "cursor"} for read in traffic.reads]
    explained = [moment.rooms.database.command({"explain": command}) for command in commands]
    return str([plan["queryPlanner"]["winningPlan"] for plan in explained])


@pytest.mark.parametrize("sort", BY_FIELD)
def test_a_deep_page_starts_with_an_index_look_up(moment: Moment, traffic: Traffic, sort: str) -> None:
    query = RoomQuery(sort=SORTS[sort])
    start = query.position(first_rooms(moment, query, 300)[-1])
    traffic.reads.clear()
    traffic.documents = 0

    first_rooms(moment, replace(query, after=start), 11)

    assert f"'indexName': 'room_{query.sort.key}" in plans(moment, traffic)
    assert 11 <= traffic.documents < 70


@pytest.mark.parametrize("sort", BY_FIELD)
def test_every_segment_is_a_range_of_an_index_in_its_order(sort: str) -> None:
    """An index can be read backwards, and after a fixed value it gives the order of the next field."""
    keys = [[*index["key"].items()] for index in INDEXES]
    both_ways = keys + [[(path, -way) for path, way in key] for key in keys if key[0][0] != "place"]
    query = RoomQuery(sort=SORTS[sort])

    for start in (None, query.position(make_room()), query.position(make_room(size=None))):
        for segment in segments(replace(query, after=start)):
            order = segment_order(segment)
            fixed = (sort.strip("-"), 1), *order
            assert any(key[: len(order)] == order or key == [*fixed] for key in both_ways)


@pytest.mark.parametrize("area", [Circle(CENTRE, 500), BoundingBox(-0.13, 51.5, -0.12, 51.52)], ids=repr)
def test_an_area_is_looked_up_in_the_index_on_places(
    moment: Moment, traffic: Traffic, area: Circle | BoundingBox
) -> None:
    first_rooms(moment, RoomQuery(areas=(area,), sort=SORTS["price"]), 11)

    assert "'indexName': 'room_place'" in plans(moment, traffic)


def test_only_the_nearest_rooms_are_read(moment: Moment, traffic: Traffic) -> None:
    query = RoomQuery(near=CENTRE, sort=BY_DISTANCE)
    middle = first_rooms(moment, query, 300)[-1]
    traffic.documents = 0

    first_rooms(moment, replace(query, after=query.position(middle)), 11)

    assert 11 <= traffic.documents < 50


def test_the_server_counts_rooms_in_a_circle_except_at_its_edge(moment: Moment, traffic: Traffic) -> None:
    rooms = count_rooms(moment, RoomQuery(areas=(Circle(CENTRE, 5000),)), None)

    assert rooms > 100
    assert traffic.documents < 10


@settings(max_examples=settings().max_examples // 2, suppress_health_check=list(HealthCheck))
@given(rooms=room_sets(), query=queries())
def test_walking_outwards_gives_the_order_of_the_oracle(
    repository: MongoRepo, by_hand: Any, rooms: list[Room], query: RoomQuery
) -> None:
    near = replace(query, near=query.near or CENTRE, sort=BY_DISTANCE)
    by_hand.room.delete_many({})
    repository.load(rooms)

    with pytest.MonkeyPatch.context() as patch, MemRepo(rooms).stream(near) as expected:
        patch.setattr("rentomatic.repository.mongo.search.NARROW", 0)
        with repository.stream(near) as found:
            assert list(expected) == list(found)


def test_a_room_written_by_hand_is_found_by_the_next_search(repository: MongoRepo, by_hand: Any) -> None:
    by_hand.room.insert_one({"code": "hand", "size": 215, "price": 39, "place": SPOT, "title": None})
    near = RoomQuery(areas=(Circle(Point(51.754, -0.1), 100),))
    room = make_room(code="hand", size=215, price=39, latitude=51.75436293, longitude=-0.09998975)

    assert (room,) == repository.search(near).rooms

    by_hand.room.update_one({"code": "hand"}, {"$set": {"place.coordinates": [0, 10]}})
    assert repository.count(near) == 0


def test_numbers_of_any_type_and_a_missing_size_are_read(repository: MongoRepo, by_hand: Any) -> None:
    by_hand.room.insert_one(
        {"code": "hand", "price": 39.0, "title": None, "place": {"type": "Point", "coordinates": [-1, 51]}}
    )
    room = make_room(code="hand", size=None, price=39, latitude=51.0, longitude=-1.0)

    assert room == repository.get("hand")
    assert (room,) == repository.search(RoomQuery(sort=SORTS["-size"])).rooms
    assert repository.load([room]).unchanged == 1


def test_facets_tell_numbers_of_any_type(repository: MongoRepo, by_hand: Any) -> None:
    room = {"size": None, "price": 60, "place": SPOT, "title": None, "kind": "Flat"}
    by_hand.room.insert_one({**room, "code": "a", "guests": Int64(3), "min_stay": 2.0})

    found = repository.facets(RoomQuery()).ranges

    assert {Field.GUESTS: Range(3, 3), Field.MIN_STAY: Range(2, 2)} == found
    assert {int} == {type(number) for limits in found.values() if limits for number in astuple(limits)}


def point(*coordinates: object) -> Document:
    return {"place": {"type": "Point", "coordinates": list(coordinates)}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": ""},
        {"code": "x" * 37},
        {"code": ".a"},
        {"code": "a b"},
        {"code": "a\n"},
        {"code": "summary"},
        {"code": "F853578C-fc0f-4e65-81b8-566c5dffa35a"},
        {"code": None},
        {"code": 7},
        {"size": 0},
        {"size": 2147483648},
        {"size": 1.5},
        {"price": -1},
        {"price": None},
        {"price": "dear"},
        {"price": float("nan")},
        {"colour": "red"},
        {"title": ""},
        {"title": 7},
        {"title": "x" * 121},
        {"title": "a\nb"},
        {"title": "a\u202eb"},
        {"title": " a"},
        {"title": "a "},
        {"title": "a  b"},
        {"title": "a\u00a0b"},
        {"title": "a\u3000b"},
        {"place": None},
        {"place": [0, 0]},
        {"place": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}},
        point(0, 90.1),
        point(-180.1, 0),
        point(0, float("nan")),
        point(0),
        point(0, 0, 0),
        point("0", "0"),
    ],
    ids=str,
)
def test_the_database_rejects_invalid_rooms(by_hand: Any, wrong: Document) -> None:
    room = {"code": "a", "size": 1, "price": 1, "place": SPOT, "title": None}

    by_hand.room.insert_one({**room, "code": "right"})
    with pytest.raises(WriteError):
        by_hand.room.insert_one({**room, **wrong})


def test_codes_are_unique(by_hand: Any) -> None:
    by_hand.room.insert_one({"code": "a", "size": 1, "price": 1, "place": SPOT, "title": None})

    with pytest.raises(DuplicateKeyError):
        by_hand.room.insert_one({"code": "a", "size": 2, "price": 2, "place": SPOT, "title": None})


def test_a_stream_closed_early_leaves_no_cursor_behind(town: tuple[str, str]) -> None:
    def open_cursors() -> int:
        with pymongo.MongoClient[Document](town[0]) as client:
            return int(client.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"])

    before = open_cursors()
    with closing(MongoRepo(*town, MONGO_REVISION)) as repository:
        for sort in SORTS.values():
            with repository.stream(RoomQuery(near=CENTRE, sort=sort)) as rooms:
                next(rooms)
            repository.search(RoomQuery(near=CENTRE, sort=sort, limit=10))

        assert before == open_cursors()


def test_a_migration_creates_what_is_missing_and_may_be_repeated() -> None:
    with database() as (uri, name), pymongo.MongoClient[Document](uri) as client:
        assert upgrade(uri, name) == (None, MONGO_REVISION)
        assert upgrade(uri, name) == (MONGO_REVISION, MONGO_REVISION)
        assert {str(index["name"]) for index in INDEXES} < set(client[name].room.index_information())


def test_an_interrupted_migration_can_be_repeated() -> None:
    create, *_ = statements()
    with database() as (uri, name), pymongo.MongoClient[Document](uri) as client:
        client[name].command(create)

        assert upgrade(uri, name) == (None, MONGO_REVISION)
        assert len(client[name].room.index_information()) == len(INDEXES) + 1


def test_a_database_without_a_schema_says_what_to_do() -> None:
    with (
        database() as (uri, name),
        closing(MongoRepo(uri, name, MONGO_REVISION)) as repository,
        pytest.raises(RepositoryUnavailable, match=r"missing.*rentomatic migrate"),
    ):
        repository.search(RoomQuery())


def test_a_newer_schema_is_left_alone(place: tuple[str, str], by_hand: Any, repository: MongoRepo) -> None:
    by_hand.schema.update_one({"_id": "room"}, {"$set": {"revision": "9999"}})

    with pytest.raises(RepositoryUnavailable, match="use a newer program"):
        repository.ping()
    assert ("9999", "9999") == upgrade(*place)
    assert by_hand.schema.find_one({"_id": "room"})["revision"] == "9999"


def test_a_database_of_an_older_program_says_what_to_do(place: tuple[str, str]) -> None:
    newer = f"{int(MONGO_REVISION) + 1:04}"

    with (
        closing(MongoRepo(*place, newer)) as repository,
        pytest.raises(RepositoryUnavailable, match=f"needs {newer}: run `rentomatic migrate`"),
    ):
        repository.ping()


def test_a_load_waits_for_another_for_a_limited_time(by_hand: Any, place: tuple[str, str]) -> None:
    with closing(MongoRepo(*place, MONGO_REVISION, Limits(load_wait=0.2))) as repository:
        with by_hand.client.start_session() as session, session.start_transaction():
            by_hand.schema.update_one({"_id": "room"}, {"$inc": {"loads": 1}}, session=session)
            with pytest.raises(RepositoryUnavailable, match="busy with another write"):
                repository.load([make_room(code="first")])
            session.abort_transaction()

        assert repository.load([make_room(code="second")]).added == 1


def answers(repository: MongoRepo) -> bool:
    try:
        repository.search(RoomQuery())
    except RepositoryUnavailable:
        return False
    return True


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def export(repository: MongoRepo) -> None:
    with repository.stream(RoomQuery()) as rooms:
        list(rooms)


def refuses_twenty_uses_at_once(repository: MongoRepo) -> bool:
    uses: tuple[Callable[[], object], ...] = (
        lambda: repository.search(RoomQuery()),
        lambda: repository.get("a1"),
        lambda: repository.load(map(pytest.fail, ["rooms were read for a storage that is away"])),
        lambda: export(repository),
        repository.ping,
    )
    begin = time.monotonic()
    for use in uses * 4:
        with pytest.raises(RepositoryUnavailable, match=r"^The storage cannot be reached\.$") as refusal:
            use()
        assert refusal.value.__cause__ is not None
    return time.monotonic() - begin < AT_ONCE


def test_every_use_fails_at_once_while_the_server_is_unreachable_and_works_when_it_returns() -> None:
    with mongo_server() as server:
        upgrade(server.uri, "rooms")
        with closing(MongoRepo(server.uri, "rooms", MONGO_REVISION, Limits(connect_timeout=2))) as repository:
            repository.load([make_room()])
            for _ in range(2):
                server.stop()
                assert not answers(repository)

                assert refuses_twenty_uses_at_once(repository)
                server.start()
                wait_for(lambda: answers(repository))
                assert repository.load([make_room()]).unchanged == 1


def test_a_frozen_server_is_unreachable_once_a_connection_check_timed_out() -> None:
    with mongo_server() as server:
        upgrade(server.uri, "rooms")
        with closing(MongoRepo(server.uri, "rooms", MONGO_REVISION, Limits(connect_timeout=1))) as repository:
            repository.load([make_room()])
            server.send(signal.SIGSTOP)
            try:
                wait_for(lambda: refusal_of_ping(repository) == "The storage cannot be reached.")

                assert refuses_twenty_uses_at_once(repository)
            finally:
                server.send(signal.SIGCONT)
            wait_for(lambda: answers(repository))


def refusal_of_ping(repository: MongoRepo) -> str:
    with pytest.raises(RepositoryUnavailable) as refusal:
        repository.ping()
    return str(refusal.value)


def test_a_silent_server_is_given_up_in_time() -> None:
    with mongo_server() as server:
        upgrade(server.uri, "rooms")
        with closing(
            MongoRepo(server.uri, "rooms", MONGO_REVISION, Limits(statement_timeout=0.5))
        ) as repository:
            repository.load([make_room()])
            server.send(signal.SIGSTOP)
            try:
                with pytest.raises(RepositoryUnavailable, match=r"in time|be reached"):
                    repository.search(RoomQuery())
                for total in (repository.count, repository.summarise, repository.sample):
                    with pytest.raises(RepositoryUnavailable, match=r"in time|be reached"):
                        total(RoomQuery(), within=0.2)
            finally:
                server.send(signal.SIGCONT)

            assert repository.get("a1") is not None


def test_an_export_gives_up_a_silent_server_long_before_its_own_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mongo_server() as server:
        upgrade(server.uri, "rooms")
        with closing(MongoRepo(server.uri, "rooms", MONGO_REVISION)) as filling:
            filling.load(make_room(code=f"r{number}") for number in range(1100))
        monkeypatch.setattr("rentomatic.repository.mongo.repository._SILENCE", 3.0)
        with closing(MongoRepo(server.uri, "rooms", MONGO_REVISION)) as repository:
            begin = time.monotonic()
            try:
                with pytest.raises(OutOfTime), repository.stream(RoomQuery(), within=4 * LIMIT) as rooms:
                    next(rooms)
                    server.send(signal.SIGSTOP)
                    list(rooms)
            finally:
                server.send(signal.SIGCONT)

            assert time.monotonic() - begin < 2 * LIMIT
            assert repository.get("r1") is not None


class SlowServer(CommandListener):
    """Advances the driver's clock by half a second for each read, and records each read's time limit.

    given: milliseconds, sent to the server in `maxTimeMS`.
    """

    def __init__(self) -> None:
        self.given: list[int] = []
        self._late = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._late

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in {"find", "aggregate", "count"}:
            self.given.append(event.command["maxTimeMS"])
            self._late += 0.5

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass


@pytest.mark.parametrize("first_use", [True, False], ids=["first use", "later"])
def test_all_reads_of_clusters_share_one_time_limit(
    place: tuple[str, str], first_use: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SlowServer()
    monkeypatch.setattr("rentomatic.repository.mongo.cells.FEW", 0)
    with closing(MongoRepo(*place, MONGO_REVISION)) as repository:
        repository._client = pymongo.MongoClient(place[0])
        repository.load([make_room()])
        repository._client.close()
        repository._client = pymongo.MongoClient(place[0], event_listeners=[server])
        repository._client.admin.command("ping")
        repository._checked = not first_use  # whether the schema is still to be checked
        monkeypatch.setattr("pymongo._csot.time", server)
        found = repository.cells(RoomQuery(), Grid(1, 1), within=3)

    bounds = [3000 - 500 * number for number in range(len(server.given))]
    assert (1, 3 + first_use) == (len(found.cells), len(server.given))
    assert all(given <= bound for given, bound in zip(server.given, bounds, strict=True))


def test_waiting_too_long_for_a_connection_means_that_the_storage_is_busy() -> None:
    with pytest.raises(StorageBusy), translated_errors():
        raise WaitQueueTimeoutError("Timed out while checking out a connection")


def test_a_standalone_server_is_refused_with_advice() -> None:
    with mongo_server("--standalone") as server:
        with pytest.raises(RepositoryUnavailable, match="replica set"):
            upgrade(server.uri, "rooms")
        with (
            closing(MongoRepo(server.uri, "rooms", MONGO_REVISION)) as repository,
            pytest.raises(RepositoryUnavailable, match="replica set"),
        ):
            repository.search(RoomQuery())


@pytest.mark.parametrize(
    "address",
    [
        "mongodb://someone:hunter2@127.0.0.1:1/",
        "mongodb://someone:hunter2@127.0.0.1:port/",
        "mysql://hunter2",
    ],
)
def test_errors_contain_no_secret_and_no_host(address: str) -> None:
    with (
        closing(MongoRepo(address, "rentomatic", MONGO_REVISION, Limits(connect_timeout=0.2))) as repository,
        pytest.raises(RepositoryUnavailable) as refusal,
    ):
        repository.ping()

    assert "hunter2" not in str(refusal.value)
    assert "127.0.0.1" not in str(refusal.value)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (18, "rejected the user or the password"),
        (50, "did not answer in time"),
        (112, "another write: try again"),
        (239, "try again"),
        (290, "fewer rooms at a time"),
        (20, "replica set"),
        (99999, "cannot be used"),
    ],
)
def test_errors_do_not_repeat_the_servers_message(code: int, text: str) -> None:
    with pytest.raises(RepositoryUnavailable, match=text) as refusal, translated_errors():
        raise OperationFailure("db.example.org: secret words", code)

    assert "secret" not in str(refusal.value)
