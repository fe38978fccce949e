"""PostgreSQL in particular: plans, constraints, and loads beside searches."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from random import Random

import psycopg
import pytest
from psycopg import errors

from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.postgres.search import room_of_code
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.totals import prices_of
from rentomatic.sample_rooms import sample_rooms
from rentomatic.use_cases.errors import ConflictError
from rentomatic.use_cases.ports import OnConflict
from tests import postgres_server
from tests.bare import bare
from tests.builders import make_room
from tests.repository.postgres_plans import blocks_read, nodes, plans_of, plans_of_search, rows_read

CENTRE = Point(51.512, -0.123)
USUAL = Condition(Field.PRICE, Operator.LT, 100)
CHEAP = Condition(Field.PRICE, Operator.LT, 20)
DEAREST_FIRST = SORTS["-price"]
BY_FIELD = [name for name in SORTS if name != "distance"]
ROOMS = 50_000


@pytest.fixture
def conninfo() -> Iterator[str]:
    """A database with the schema and no rooms."""
    with postgres_server.database() as conninfo:
        yield conninfo


@pytest.fixture
def repository(conninfo: str) -> Iterator[PostgresRepo]:
    with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as opened:
        yield opened


@pytest.fixture(scope="module")
def town() -> Iterator[str]:
    """A database with enough rooms for every plan to matter."""
    with postgres_server.database() as conninfo:
        with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as opened:
            opened.load(bare(sample_rooms(ROOMS)))
        with psycopg.connect(conninfo, autocommit=True) as session:
            session.execute("VACUUM room")  # like autovacuum within a minute
        yield conninfo


def at(conninfo: str, query: RoomQuery, number: int) -> RoomQuery:
    """Return the same search from the page that begins with the room of that number."""
    with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as opened, opened.stream(query) as rooms:
        room = next(room for count, room in enumerate(rooms, start=1) if count == number)
    return replace(query, after=query.position(room))


@pytest.mark.parametrize(
    "query",
    [
        *(RoomQuery(sort=SORTS[name]) for name in BY_FIELD),
        *(RoomQuery(sort=SORTS[name], conditions=(USUAL,)) for name in BY_FIELD),
        RoomQuery(conditions=(CHEAP,)),
        RoomQuery(conditions=(Condition(Field.KIND, Operator.EQ, "Hut"),), sort=SORTS["price"]),
        RoomQuery(conditions=(Condition(Field.NEIGHBOURHOOD, Operator.IN, ("Camden", "Soho")),)),
        RoomQuery(conditions=(Condition(Field.GUESTS, Operator.GTE, 10),), sort=SORTS["-price"]),
        RoomQuery(conditions=(Condition(Field.CODE, Operator.IN, ("a", "b")),)),
        RoomQuery(areas=(BoundingBox(-0.13, 51.51, -0.12, 51.52),)),
        RoomQuery(areas=(Circle(CENTRE, 300),), sort=DEAREST_FIRST),
        RoomQuery(areas=(Circle(CENTRE, 5000),), sort=SORTS["price"]),
        RoomQuery(conditions=(Condition(Field.LATITUDE, Operator.GT, 51.8),)),
        RoomQuery(near=CENTRE, sort=BY_DISTANCE),
        RoomQuery(near=CENTRE, sort=BY_DISTANCE, conditions=(USUAL,)),
        RoomQuery(near=CENTRE, sort=BY_DISTANCE, conditions=(CHEAP,)),
        RoomQuery(near=CENTRE, sort=BY_DISTANCE, areas=(Circle(CENTRE, 800),)),
        RoomQuery(near=Point(48.85, 2.35), sort=BY_DISTANCE),
        RoomQuery(near=Point(0, 179.9), sort=BY_DISTANCE),
    ],
    ids=str,
)
def test_no_page_reads_the_whole_table(town: str, query: RoomQuery) -> None:
    query = replace(query, limit=20)
    pages = [query]
    with closing(PostgresRepo(town, POSTGRES_REVISION)) as opened:
        page = opened.search(query)
    if page.more:
        pages.append(replace(query, after=query.position(page.rooms[-1])))

    for asked in pages:
        plans = plans_of_search(town, asked)

        assert plans
        assert "Seq Scan" not in {node["Node Type"] for plan in plans for node in nodes(plan)}
        assert rows_read(plans) < ROOMS / 4


def test_one_room_is_looked_up_by_its_code(town: str) -> None:
    code = next(iter(sample_rooms(1))).code

    (plan,) = plans_of(town, lambda session: room_of_code(session, code))

    assert ("Index Scan", "room_code") == (plan["Node Type"], plan["Index Name"])
    assert plan["Actual Rows"] == 1
    assert blocks_read([plan]) < 10


def test_reading_all_rooms_uses_one_processor(town: str) -> None:
    def summarise(session: Session) -> None:
        for setting in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_index_scan_size"):
            session.pgconn.exec_(f"SET {setting} = 0".encode())
        prices_of(session, RoomQuery())

    (plan,) = plans_of(town, summarise)

    assert [] == [node["Node Type"] for node in nodes(plan) if "Gather" in node["Node Type"]]


@pytest.mark.parametrize("sort", BY_FIELD)
@pytest.mark.parametrize("conditions", [(), (USUAL,)], ids=["all", "usual"])
def test_a_page_costs_the_same_however_deep_it_is(
    town: str, sort: str, conditions: tuple[Condition, ...]
) -> None:
    query = RoomQuery(sort=SORTS[sort], conditions=conditions, limit=20)

    first, deep = (plans_of_search(town, q) for q in (query, at(town, query, 20_000)))

    # Among rooms of one size the next codes may come from the index on codes, which is close.
    assert rows_read(deep) < rows_read(first) + ROOMS / 20
    assert blocks_read(deep) <= 2 * blocks_read(first) + 50


def test_a_room_written_by_hand_is_found_by_every_search(conninfo: str, repository: PostgresRepo) -> None:
    code = "f853578c-fc0f-4e65-81b8-566c5dffa35a"
    room = Room(code=code, size=215, price=39, longitude=-0.09998975, latitude=51.75436293)
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "INSERT INTO room(code, size, price, longitude, latitude) VALUES "
            "('f853578c-fc0f-4e65-81b8-566c5dffa35a', 215, 39, -0.09998975, 51.75436293)"
        )
    spot = Point(51.75436293, -0.09998975)
    searches = [
        *(RoomQuery(sort=sort, near=spot) for sort in SORTS.values()),
        RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 40),)),
        RoomQuery(conditions=(Condition(Field.SIZE, Operator.EQ, 215),)),
        RoomQuery(conditions=(Condition(Field.CODE, Operator.IN, (code,)),)),
        RoomQuery(areas=(BoundingBox(-0.1, 51.7, 0, 51.8),)),
        RoomQuery(areas=(Circle(spot, 0),)),
    ]

    assert room == repository.get(code)
    assert [(room,)] * len(searches) == [repository.search(query).rooms for query in searches]
    assert [1] * len(searches) == [repository.count(query) for query in searches]
    assert repository.load([room]).unchanged == 1


RIGHT: dict[str, object] = {"code": "a", "size": 1, "price": 1, "latitude": 0.0, "longitude": 0.0}


@pytest.mark.parametrize(
    "wrong",
    [
        *({"code": code} for code in ["", "x" * 37, ".a", "-a", "a b", "a\n", "\na", "a/b", "é", "a%", None]),
        *({"code": code} for code in ["clusters", "import", "summary"]),
        {"code": "F853578C-fc0f-4e65-81b8-566c5dffa35a"},
        {"code": "f853578c-fc0f-4e65-81b8-566c5dffA35a"},
        *({"size": size} for size in [0, -1, 2147483648, "large"]),
        *({"price": price} for price in [-1, 2147483648, None, "expensive"]),
        *(
            {field: value}
            for field, most in (("latitude", 90), ("longitude", 180))
            for value in (float("nan"), float("inf"), float("-inf"), most + 1e-9, -most - 1e-9, None)
        ),
    ],
    ids=str,
)
def test_the_table_rejects_invalid_rooms(town: str, wrong: dict[str, object]) -> None:
    values = {**RIGHT, **wrong}
    with psycopg.connect(town) as connection:
        statement = "INSERT INTO room (code, size, price, latitude, longitude) VALUES (%s, %s, %s, %s, %s)"
        with pytest.raises((errors.IntegrityError, errors.DataError)):
            connection.execute(statement, list(values.values()))
        connection.rollback()
        connection.execute(statement, list(RIGHT.values()))
        connection.rollback()


def test_codes_are_unique_and_compare_by_code_point(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "SELECT collname FROM pg_attribute JOIN pg_collation c ON c.oid = attcollation "
            "WHERE attrelid = 'room'::regclass AND attname = 'code'"
        ).fetchone()
        statement = "INSERT INTO room (code, price, latitude, longitude) VALUES ('a', 1, 0, 0)"
        connection.execute(statement)

        assert row == ("C",)
        with pytest.raises(errors.UniqueViolation):
            connection.execute(statement)


@pytest.mark.parametrize("way", OnConflict)
def test_a_load_with_repeats_counts_as_the_oracle_does(repository: PostgresRepo, way: OnConflict) -> None:
    random = Random(5)
    present = [make_room(code=f"r{number}", price=random.randrange(3)) for number in range(400)]
    rooms = [
        make_room(code=f"r{random.randrange(800)}", price=random.randrange(3), size=random.choice([None, 20]))
        for _ in range(3000)
    ]
    oracle = MemRepo(present)
    repository.load(present)

    outcomes = [outcome_of(storage, rooms, way) for storage in (oracle, repository)]

    assert outcomes[0] == outcomes[1]
    assert everything(oracle) == everything(repository)


def outcome_of(storage: MemRepo | PostgresRepo, rooms: list[Room], way: OnConflict) -> object:
    try:
        return storage.load(rooms, way, dry_run=True), storage.load(rooms, way)
    except ConflictError as error:
        return str(error)


def everything(storage: MemRepo | PostgresRepo) -> list[Room]:
    with storage.stream(RoomQuery()) as rooms:
        return list(rooms)


def test_readers_do_not_wait_for_a_load(repository: PostgresRepo) -> None:
    repository.load([make_room()])
    found = []

    def rooms() -> Iterator[Room]:
        yield from sample_rooms(2000)
        found.append((repository.search(RoomQuery()).rooms, repository.count(RoomQuery())))
        yield make_room(price=1)

    assert repository.load(rooms()).replaced == 1
    assert found == [((make_room(),), 1)]


@pytest.mark.parametrize(
    "place", [lambda _: (51.5, -0.12), lambda number: (51.5, number / 1e5)], ids=["spot", "line"]
)
def test_ten_thousand_rooms_at_one_point_or_along_a_line_are_found_by_distance(
    repository: PostgresRepo, place: Callable[[int], tuple[float, float]]
) -> None:
    places = [place(number) for number in range(10_000)]
    rooms = [
        make_room(code=f"r{number:05}", latitude=latitude, longitude=longitude)
        for number, (latitude, longitude) in enumerate(places)
    ]
    query = RoomQuery(near=Point(51.5, -0.12), sort=BY_DISTANCE, limit=50)

    assert repository.load(rooms).added == 10_000
    for asked in (query, replace(query, after=query.position(rooms[5000]))):
        assert MemRepo(rooms).search(asked) == repository.search(asked)


def test_a_sample_of_rooms_with_long_descriptions_reads_more_blocks() -> None:
    long = "word " * 199 + "end"
    with (
        postgres_server.database() as conninfo,
        closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as storage,
        psycopg.connect(conninfo, autocommit=True) as session,
    ):
        storage.load(make_room(code=f"r{number}", description=long) for number in range(5000))
        session.execute("ANALYZE room")  # like autovacuum within a minute

        found = storage.sample(RoomQuery())

    assert (5000, 1) == (sum(found.prices.values()), found.share)
