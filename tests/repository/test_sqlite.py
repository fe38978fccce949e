"""SQLite in particular: plans, its file, its schema and its failures."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from rentomatic.domain.geography import BoundingBox, Circle, Point, distance
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, Position, RoomQuery
from rentomatic.repository.backend import Limits
from rentomatic.repository.sqlite import migrate
from rentomatic.repository.sqlite.meter import Meter
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.repository.sqlite.search import first_rooms
from rentomatic.repository.sqlite.words import add_functions
from rentomatic.sample_rooms import sample_rooms
from rentomatic.use_cases.errors import NotQuick, OutOfTime, RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts
from tests.builders import make_room

CENTRE = Point(51.512, -0.123)
HUT = Condition(Field.KIND, Operator.EQ, "Hut")
CAMDEN = Condition(Field.NEIGHBOURHOOD, Operator.IN, ("Camden", "Soho"))
FOR_TEN = Condition(Field.GUESTS, Operator.GTE, 10)
LONG = Condition(Field.MIN_STAY, Operator.GT, 90)
CHEAP = Condition(Field.PRICE, Operator.LT, 20)
USUAL = Condition(Field.PRICE, Operator.LT, 100)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty file with the schema."""
    migrate.upgrade(tmp_path / "rooms.db")
    return tmp_path / "rooms.db"


@pytest.fixture
def repository(path: Path) -> Iterator[SqliteRepo]:
    with closing(SqliteRepo(path, SQLITE_REVISION)) as opened:
        yield opened


@pytest.fixture(scope="module")
def town(many_rooms_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty thousand rooms, enough for every plan to matter."""
    path = tmp_path_factory.mktemp("town") / "rooms.db"
    shutil.copy(many_rooms_file, path)
    return path


def open_by_hand(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.create_function("distance", 4, distance, deterministic=True)
    add_functions(connection)
    return connection


def plan_of(path: Path, query: RoomQuery) -> str:
    """Return SQLite's plan for the statements of a search."""
    with closing(open_by_hand(path)) as connection:
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        first_rooms(connection, query, query.limit + 1)
        connection.set_trace_callback(None)
        rows = [row for text in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (RoomQuery(), "room USING INDEX room_code"),
        (RoomQuery(sort=SORTS["-code"]), "room USING INDEX room_code"),
        (RoomQuery(sort=SORTS["price"]), "room USING INDEX room_price"),
        (RoomQuery(sort=SORTS["-price"]), "room USING INDEX room_price_descending"),
        (RoomQuery(sort=SORTS["size"]), "room USING INDEX room_size"),
        (RoomQuery(sort=SORTS["-size"]), "room USING INDEX room_size_descending"),
        (RoomQuery(sort=SORTS["price"], conditions=(USUAL,)), "room USING INDEX room_price (price<?)"),
        (RoomQuery(conditions=(CHEAP,)), "room USING INDEX room_price (price<?)"),
        (RoomQuery(conditions=(HUT,)), "room USING INDEX room_kind (kind=?)"),
        (RoomQuery(conditions=(CAMDEN,)), "room USING INDEX room_neighbourhood (neighbourhood=?)"),
        (RoomQuery(conditions=(FOR_TEN,)), "room USING INDEX room_guests (guests>?)"),
        (RoomQuery(conditions=(LONG,)), "room USING INDEX room_min_stay (min_stay>?)"),
        (RoomQuery(conditions=(Condition(Field.CODE, Operator.IN, ("a", "b")),)), "room_code (code=?)"),
        (RoomQuery(areas=(BoundingBox(-0.13, 51.51, -0.12, 51.52),)), "room_place VIRTUAL TABLE INDEX"),
        (RoomQuery(areas=(Circle(CENTRE, 300),)), "room_place VIRTUAL TABLE INDEX"),
        (
            RoomQuery(conditions=(Condition(Field.LATITUDE, Operator.GT, 51.8),)),
            "room_place VIRTUAL TABLE INDEX",
        ),
        (RoomQuery(near=CENTRE, sort=BY_DISTANCE), "room_place_node USING INTEGER PRIMARY KEY"),
        (
            RoomQuery(near=CENTRE, sort=BY_DISTANCE, conditions=(USUAL,)),
            "room_place_node USING INTEGER PRIMARY KEY",
        ),
        (RoomQuery(near=CENTRE, sort=BY_DISTANCE, conditions=(CHEAP,)), "room_price (price<?)"),
    ],
)
def test_a_search_uses_an_index_without_a_scan(town: Path, query: RoomQuery, index: str) -> None:
    plan = plan_of(town, replace(query, limit=20))

    assert index in plan
    for line in plan.splitlines():
        # "SCAN room USING INDEX" walks an index in order and stops when the page is full.
        assert not line.startswith("SCAN room") or "USING INDEX" in line or "VIRTUAL TABLE INDEX" in line


@pytest.mark.parametrize("sort", [name for name in SORTS if name != "distance"])
@pytest.mark.parametrize("conditions", [(), (USUAL,)])
def test_a_page_costs_the_same_however_deep_it_is(
    town: Path, sort: str, conditions: tuple[Condition, ...]
) -> None:
    query = RoomQuery(sort=SORTS[sort], conditions=conditions, limit=20)
    with closing(SqliteRepo(town, SQLITE_REVISION)) as repository, repository.stream(query) as rooms:
        room = next(room for number, room in enumerate(rooms, start=1) if number == 20_000)

    first, deep = steps_of(town, query), steps_of(town, replace(query, after=query.position(room)))

    assert deep < 2 * first + 1000


def test_the_nearest_rooms_cost_little_more_on_page_1000(town: Path) -> None:
    query = RoomQuery(sort=BY_DISTANCE, near=CENTRE, limit=20)
    with closing(SqliteRepo(town, SQLITE_REVISION)) as repository, repository.stream(query) as rooms:
        room = next(room for number, room in enumerate(rooms, start=1) if number == 20_000)

    first, deep = nodes_of(town, query), nodes_of(town, replace(query, after=query.position(room)))

    # A tree of 60 000 rooms has about 1 800 nodes; those wholly within earlier pages are skipped.
    assert first < 60
    assert deep < 600


def steps_of(path: Path, query: RoomQuery) -> int:
    """Return how many instructions of SQLite's virtual machine a search takes, to the nearest ten."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 10
        return 0

    with closing(open_by_hand(path)) as connection:
        connection.set_progress_handler(count, 10)
        assert len(first_rooms(connection, query, 21)) == 21
    return steps


def nodes_of(path: Path, query: RoomQuery) -> int:
    """Return how many nodes of the R*Tree a search reads."""
    statements: list[str] = []
    with closing(open_by_hand(path)) as connection:
        connection.set_trace_callback(statements.append)
        assert len(first_rooms(connection, query, 21)) == 21
    return sum("room_place_node" in text for text in statements)


NORTH = Condition(Field.LATITUDE, Operator.GT, 51.72)
LATITUDES = Condition(Field.LATITUDE, Operator.IN, tuple(51.3 + n / 1000 + 1e-8 for n in range(400)))
PRICES = Condition(Field.PRICE, Operator.IN, tuple(range(1, 1001)))
UNUSED_PRICES = Condition(Field.PRICE, Operator.IN, tuple(range(100_000, 101_000)))
LONDON = BoundingBox(-0.6, 51.2, 0.5, 51.9)

EXPENSIVE = {
    "listed coordinates and prices, nearest": RoomQuery(
        conditions=(LATITUDES, PRICES), near=CENTRE, sort=BY_DISTANCE
    ),
    "listed coordinates by price": RoomQuery(conditions=(LATITUDES,), sort=SORTS["price"]),
    "in a cheap suburb, most expensive": RoomQuery(conditions=(NORTH,), sort=SORTS["-price"]),
    "large and cheap, nearest": RoomQuery(
        conditions=(Condition(Field.SIZE, Operator.GT, 60), Condition(Field.PRICE, Operator.LT, 50)),
        near=CENTRE,
        sort=BY_DISTANCE,
    ),
}


def metered(path: Path, query: RoomQuery, *, quick: bool) -> tuple[list[Room] | None, int]:
    """Return the first 20 rooms, None if they are not quick, and the steps that the search takes."""
    meter = Meter()
    with closing(open_by_hand(path)) as connection:
        meter.count(connection)
        try:
            return first_rooms(connection, query, 20, meter, quick=quick), meter.steps
        except NotQuick:
            return None, meter.steps


@pytest.fixture
def short_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a walk of some hundred rooms the longest quick one, and as many rooms few."""
    monkeypatch.setattr("rentomatic.repository.sqlite.plan.NARROW", 100)
    monkeypatch.setattr("rentomatic.repository.sqlite.plan.PASSED", 1000)
    monkeypatch.setattr("rentomatic.repository.sqlite.search.QUICK", 2000)
    monkeypatch.setattr("rentomatic.repository.sqlite.search.FURTHER", 1)
    monkeypatch.setattr("rentomatic.repository.sqlite.search.FURTHER_OUTWARDS", 1)


@pytest.mark.usefixtures("short_ways")
@pytest.mark.parametrize("query", EXPENSIVE.values(), ids=EXPENSIVE)
def test_an_expensive_search_is_refused_before_it_reads_more_than_a_quick_one(
    town: Path, query: RoomQuery
) -> None:
    rooms, steps = metered(town, query, quick=True)

    assert rooms is None
    assert steps < 20_000  # with up to 1,001 rooms passed along an index


@pytest.mark.usefixtures("short_ways")
@pytest.mark.parametrize("query", EXPENSIVE.values(), ids=EXPENSIVE)
def test_an_expensive_search_does_not_read_rooms_repeatedly(town: Path, query: RoomQuery) -> None:
    rooms, steps = metered(town, query, quick=False)

    with closing(SqliteRepo(town, SQLITE_REVISION)) as repository, repository.stream(query) as expected:
        assert list(islice(expected, 20)) == rooms
    assert steps < 60_000 * 25


@pytest.mark.usefixtures("short_ways")
def test_a_deep_page_around_a_point_is_found_walking_outwards_however_far(town: Path) -> None:
    deep = RoomQuery(near=CENTRE, sort=BY_DISTANCE, after=Position(5000.0, "zzz"))
    rooms, steps = metered(town, deep, quick=False)
    rooms_around, steps_around = metered(town, replace(deep, areas=(Circle(CENTRE, 50_000),)), quick=False)

    assert rooms_around == rooms
    assert steps_around < 2 * steps


@pytest.mark.parametrize("query", EXPENSIVE.values(), ids=EXPENSIVE)
def test_an_expensive_search_is_ended_in_time(town: Path, query: RoomQuery) -> None:
    with closing(SqliteRepo(town, SQLITE_REVISION)) as repository, pytest.raises(OutOfTime):
        repository.search(query, within=0)


@pytest.mark.usefixtures("short_ways")
@pytest.mark.parametrize(
    "query",
    [
        RoomQuery(conditions=(Condition(Field.LONGITUDE, Operator.IN, (0.0,)),)),
        RoomQuery(
            conditions=(Condition(Field.LATITUDE, Operator.IN, (51.5, 51.4, 10.0)),), sort=SORTS["price"]
        ),
        RoomQuery(conditions=(UNUSED_PRICES,), sort=SORTS["size"]),
        RoomQuery(conditions=(UNUSED_PRICES,), near=CENTRE, sort=BY_DISTANCE),
        RoomQuery(conditions=(Condition(Field.CODE, Operator.GT, "zzz"),), sort=SORTS["price"]),
        RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 5),), areas=(LONDON,), sort=SORTS["size"]),
        RoomQuery(conditions=(USUAL, Condition(Field.SIZE, Operator.GT, 300)), sort=SORTS["code"]),
        RoomQuery(near=Point(-36.85, 174.76), sort=BY_DISTANCE),
        RoomQuery(
            conditions=(CHEAP, Condition(Field.SIZE, Operator.GT, 40)),
            near=CENTRE,
            sort=BY_DISTANCE,
        ),
        RoomQuery(sort=SORTS["-size"], conditions=(Condition(Field.SIZE, Operator.NE, 7),)),
    ],
)
def test_a_search_answered_by_an_index_is_quick(town: Path, query: RoomQuery) -> None:
    rooms, steps = metered(town, query, quick=True)

    assert rooms is not None
    assert steps < 20_000
    assert metered(town, query, quick=False)[0] == rooms


def test_a_count_of_few_rooms_is_quick(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rentomatic.repository.sqlite.totals.QUICK", 20_000)
    with closing(SqliteRepo(town, SQLITE_REVISION)) as repository:
        assert 10_001 == repository.count(RoomQuery(), 10_001, quick=True)
        assert 0 == repository.count(RoomQuery(conditions=(UNUSED_PRICES,)), quick=True)
        for query in (RoomQuery(), RoomQuery(areas=(LONDON, Circle(CENTRE, 50_000)))):
            with pytest.raises(NotQuick):
                repository.count(query, quick=True)
        assert 60_000 == repository.count(RoomQuery())


def test_a_room_written_by_hand_is_found_by_the_next_search(path: Path, repository: SqliteRepo) -> None:
    with closing(open_by_hand(path)) as connection:
        connection.execute(
            "INSERT INTO room(code, size, price, longitude, latitude) VALUES "
            "('f853578c-fc0f-4e65-81b8-566c5dffa35a', 215, 39, -0.09998975, 51.75436293)"
        )
        near = RoomQuery(areas=(Circle(Point(51.754, -0.1), 100),))
        assert repository.count(near) == 1

        connection.execute("UPDATE room SET latitude = 10")
        assert repository.count(near) == 0

        connection.execute("DELETE FROM room")
        assert connection.execute("SELECT count(*) FROM room_place").fetchone() == (0,)


def replace_by_hand(path: Path, code: str) -> None:
    """Replace a room and remove it: SQLite calls no trigger for the first one, and gives its id to others."""
    with closing(open_by_hand(path)) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO room (code, price, latitude, longitude) VALUES (?, 1, 10, 10)", (code,)
        )
        connection.execute("DELETE FROM room WHERE code = ?", (code,))


AROUND_THE_LAKE = RoomQuery(areas=(BoundingBox(-1, 39, 1, 41),))


@pytest.mark.parametrize("way", ["swap", "load", "large load", "INSERT OR IGNORE", "UPDATE"])
def test_a_room_that_gets_the_id_of_one_replaced_by_hand_is_found_at_its_place(
    path: Path, repository: SqliteRepo, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    repository.load([make_room(code="a"), make_room(code="b")])
    replace_by_hand(path, "b")
    room = make_room(code="c", latitude=40.0, longitude=0.0, title="Lake")

    if way == "swap":
        assert repository.swap(None, room)
    elif "load" in way:
        monkeypatch.setattr("rentomatic.repository.sqlite.load._BULK", 0 if way == "large load" else 100)
        repository.load([room])
    else:
        with closing(open_by_hand(path)) as connection:
            number = 2 if way == "INSERT OR IGNORE" else 7
            connection.execute(
                "INSERT OR IGNORE INTO room (id, code, price, size, latitude, longitude, title) "
                f"VALUES ({number}, 'c', {room.price}, {room.size}, 40, 0, 'Lake')"
            )
            connection.execute("UPDATE room SET id = 2 WHERE code = 'c'")

    with closing(open_by_hand(path)) as connection:
        assert (2,) == connection.execute("SELECT id FROM room WHERE code = 'c'").fetchone()
    for query in (AROUND_THE_LAKE, RoomQuery(words=("lake",))):
        assert (room,) == repository.search(query).rooms


def test_a_migration_repairs_the_places_of_rooms_with_the_id_of_one_replaced_by_hand(path: Path) -> None:
    migrate.downgrade(path, "0007")
    with closing(open_by_hand(path)) as connection:
        connection.executescript(
            """
            INSERT INTO room_place VALUES (1, 10, 10, 10, 10), (3, 10, 10, 10, 10);
            INSERT OR IGNORE INTO room (id, code, price, latitude, longitude)
            VALUES (1, 'wrong', 1, 40, 0), (2, 'right', 1, 40, 0);
            """
        )

    migrate.upgrade(path)

    with closing(SqliteRepo(path, SQLITE_REVISION)) as repository:
        assert ["right", "wrong"] == [room.code for room in repository.search(AROUND_THE_LAKE).rooms]
    with closing(open_by_hand(path)) as connection:
        assert [(1,), (2,)] == connection.execute("SELECT id FROM room_place ORDER BY id").fetchall()


@pytest.mark.parametrize(
    "values",
    [
        "('', 1, 1, 0, 0)",
        "('" + "x" * 37 + "', 1, 1, 0, 0)",
        "('.a', 1, 1, 0, 0)",
        "('a b', 1, 1, 0, 0)",
        "('summary', 1, 1, 0, 0)",
        "('F853578C-fc0f-4e65-81b8-566c5dffa35a', 1, 1, 0, 0)",
        "('a', 0, 1, 0, 0)",
        "('a', 2147483648, 1, 0, 0)",
        "('a', 1, -1, 0, 0)",
        "('a', 1, NULL, 0, 0)",
        "('a', 1, 'expensive', 0, 0)",
        "('a', 1, 1, 90.1, 0)",
        "('a', 1, 1, 0, -180.1)",
        "(NULL, 1, 1, 0, 0)",
    ],
)
def test_the_table_rejects_invalid_rooms(path: Path, values: str) -> None:
    with closing(open_by_hand(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"INSERT INTO room(code, size, price, latitude, longitude) VALUES {values}")


def test_a_large_load_leaves_the_schema_unchanged(path: Path, repository: SqliteRepo) -> None:
    def schema() -> list[tuple[str, str]]:
        with closing(open_by_hand(path)) as connection:
            return connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()

    before = schema()
    repository.load(sample_rooms(30_000))

    assert before == schema()
    with closing(open_by_hand(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT rtreecheck('room_place')").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM room_place").fetchone() == (30_000,)


def unavailable(repository: SqliteRepo) -> str:
    with closing(repository), pytest.raises(RepositoryUnavailable) as refusal:
        repository.search(RoomQuery())
    return str(refusal.value)


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    message = unavailable(SqliteRepo(tmp_path / "gone.db", SQLITE_REVISION))

    assert message == "The file of the storage is not there."
    assert not list(tmp_path.iterdir())


def test_directory_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    message = unavailable(SqliteRepo(tmp_path, SQLITE_REVISION))

    assert message == "The storage must be a file; this is a directory."


def test_a_file_without_a_schema_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()

    assert "rentomatic migrate" in unavailable(SqliteRepo(tmp_path / "empty.db", SQLITE_REVISION))


def test_a_file_of_an_older_program_says_what_to_do(path: Path) -> None:
    assert "needs 9999: run `rentomatic migrate`" in unavailable(SqliteRepo(path, "9999"))


def test_a_file_that_is_not_a_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("code,price\n" * 1000)

    assert "is not an SQLite file" in unavailable(SqliteRepo(tmp_path / "text.db", SQLITE_REVISION))


def test_a_search_that_takes_too_long_is_ended(town: Path) -> None:
    with closing(SqliteRepo(town, SQLITE_REVISION, Limits(statement_timeout=0.01))) as repository:
        with pytest.raises(RepositoryUnavailable, match="in time"):
            repository.count(RoomQuery(areas=(Circle(CENTRE, 19_000_000),)))
        assert repository.get("f853578c-fc0f-4e65-81b8-566c5dffa35a") is not None


def test_a_total_that_runs_out_of_time_leaves_its_connection_usable(town: Path) -> None:
    far = RoomQuery(areas=(Circle(CENTRE, 19_000_000),))
    with closing(SqliteRepo(town, SQLITE_REVISION, Limits(statement_timeout=60))) as repository:
        for total in (repository.count, repository.summarise, repository.sample):
            for seconds in (0, 0.01):
                with pytest.raises(OutOfTime):
                    total(far, within=seconds)

        assert repository.sample(far, within=60).share < 1
        assert len(repository._idle) == 1


def test_a_search_by_distance_that_takes_too_long_is_ended(town: Path) -> None:
    nowhere = Condition(Field.PRICE, Operator.NE, 10), Condition(Field.SIZE, Operator.NE, 10)
    query = RoomQuery(conditions=nowhere, near=CENTRE, sort=BY_DISTANCE, limit=1000)
    with (
        closing(SqliteRepo(town, SQLITE_REVISION, Limits(statement_timeout=0.01))) as repository,
        pytest.raises(RepositoryUnavailable, match="in time"),
    ):
        repository.search(query)


def test_a_writer_waits_for_another_for_a_limited_time(path: Path) -> None:
    limits = Limits(load_wait=0.1)
    with (
        closing(SqliteRepo(path, SQLITE_REVISION, limits)) as repository,
        closing(open_by_hand(path)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RepositoryUnavailable, match="busy with another write"):
            repository.load([make_room()])
        other.execute("ROLLBACK")

        assert repository.load([make_room()]).added == 1


@pytest.mark.parametrize("dry_run", [False, True])
def test_others_can_write_while_the_rooms_of_a_load_are_still_arriving(
    path: Path, repository: SqliteRepo, dry_run: bool
) -> None:
    with closing(open_by_hand(path)) as other:
        other.execute("PRAGMA busy_timeout = 0")

        def rooms() -> Iterator[Room]:
            yield from many_rooms(30_000)
            assert repository.swap(None, make_room(code="meanwhile"))
            # No snapshot is held, not even a reader's, which would keep the log from being emptied.
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
            yield make_room(code="meanwhile", price=1)

        counts = repository.load(rooms(), dry_run=dry_run)

    assert LoadCounts(added=30_000, replaced=1) == counts
    assert (1 if dry_run else 30_001) == repository.count(RoomQuery())


def test_a_dry_run_does_not_wait_for_writers(path: Path, repository: SqliteRepo) -> None:
    with closing(open_by_hand(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        counts = repository.load([make_room()], dry_run=True)
        other.execute("ROLLBACK")

    assert LoadCounts(added=1) == counts


def test_an_interrupted_load_removes_its_temporary_file(repository: SqliteRepo) -> None:
    def rooms() -> Iterator[Room]:
        yield from many_rooms(60_000)
        assert staging_files()
        raise ValueError("a listing that ends early")

    with pytest.raises(ValueError, match="ends early"):
        repository.load(rooms())

    assert [] == staging_files()
    assert 1 == repository.load([make_room()]).added


def staging_files() -> list[str]:
    """Return the temporary files that SQLite has open in this process. Linux only."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    found = []
    for file in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed in the meantime
            found.append(str(file.readlink()))
    return [name for name in found if "etilqs" in name]


def test_a_closed_repository_leaves_no_connection_behind(path: Path) -> None:
    repository = SqliteRepo(path, SQLITE_REVISION)
    with repository.stream(RoomQuery()):
        repository.search(RoomQuery())  # a second connection, while the first is in use
        repository.close()

    assert repository._idle == []
    assert not path.with_name("rooms.db-wal").exists()  # the last connection removes it


@pytest.mark.parametrize("fails", [False, True])
def test_a_large_load_truncates_its_log(path: Path, repository: SqliteRepo, fails: bool) -> None:
    def rooms() -> Iterator[Room]:
        yield from (make_room(code=f"r{number:05d}") for number in range(60_000))
        if fails:
            raise ValueError("a listing that ends early")

    with closing(open_by_hand(path)) as other:
        other.execute("SELECT count(*) FROM room").fetchone()  # keeps the log in place
        with pytest.raises(ValueError, match="ends early") if fails else nullcontext():
            repository.load(rooms())
        log = path.with_name("rooms.db-wal").stat().st_size

    assert 0 == log


def test_the_schema_goes_down_and_up_again_with_rooms_in_it(path: Path, repository: SqliteRepo) -> None:
    repository.load(sample_rooms(100))
    repository.close()

    migrate.downgrade(path, "base")
    with closing(open_by_hand(path)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    assert names <= {"alembic_version", "sqlite_autoindex_alembic_version_1"}

    assert migrate.upgrade(path) == (None, SQLITE_REVISION)
    with closing(SqliteRepo(path, SQLITE_REVISION)) as again:
        assert again.load(sample_rooms(100)).added == 100


def test_the_required_revision_is_the_newest() -> None:
    assert migrate._SCRIPTS.steps(None, "head")[-1] == SQLITE_REVISION


def many_rooms(count: int) -> Iterator[Room]:
    """Rooms along a line, enough for the indexes to be rebuilt after the load."""
    for n in range(count):
        yield make_room(
            code=f"n{n}", price=n % 500, size=n % 90 + 1, latitude=n / 1000, longitude=n / 500 - 0.5
        )


def test_rooms_of_a_load_that_rebuilds_the_indexes_are_found_by_each_index(repository: SqliteRepo) -> None:
    repository.load([make_room(code="old", price=7, latitude=10)])

    counts = repository.load([*many_rooms(45_000), make_room(code="old", price=8, latitude=20)])

    rooms = [*many_rooms(45_000), make_room(code="old", price=8, latitude=20)]
    assert LoadCounts(added=45_000, replaced=1) == counts
    for query in (
        RoomQuery(conditions=(Condition(Field.PRICE, Operator.EQ, 8),)),
        RoomQuery(conditions=(Condition(Field.SIZE, Operator.EQ, 8),)),
        RoomQuery(areas=(BoundingBox(-1, 19.9, 41, 20.1),)),
    ):
        assert sum(map(query.matches, rooms)) == repository.count(query) > 0


def test_an_interrupted_load_leaves_the_indexes_unchanged(path: Path, repository: SqliteRepo) -> None:
    with closing(open_by_hand(path)) as connection:
        before = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()

    def rooms() -> Iterator[Room]:
        yield from many_rooms(30_000)
        raise RuntimeError("the file ended too soon")

    with pytest.raises(RuntimeError):
        repository.load(rooms())

    with closing(open_by_hand(path)) as connection:
        assert before == connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    assert repository.count(RoomQuery()) == 0
