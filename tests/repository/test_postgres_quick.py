"""What PostgreSQL reads for answers that must be quick."""

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace

import psycopg
import pytest

from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, RoomQuery
from rentomatic.repository.backend import Limits
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.postgres import nearest as nearest_rooms
from rentomatic.repository.postgres import plan, ways
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.postgres.totals import quick_count
from rentomatic.sample_rooms import sample_rooms
from rentomatic.use_cases.errors import NotQuick, OutOfTime
from tests import postgres_server
from tests.repository.postgres_plans import nodes, plans_of, plans_of_search, rows_read, running_statements

ROOMS = 6000
NARROW, WALKED, READ, PASSED, COUNTED = 20, 100, 200, 150, 1500

BOUND = 3 * NARROW + 2 * WALKED + 2 * PASSED + 5 * READ + COUNTED
"""The most rooms, index entries, values and cells that a quick read may touch.

They are: few counted, a walk and its count, filters counted, one filter read whole, and empty look-ups.
"""


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits in the same proportion to the rooms here as the real ones to a million rooms."""
    for name, bound in (("NARROW", NARROW), ("WALKED", WALKED), ("READ", READ), ("FEW", READ)):
        monkeypatch.setattr(plan, name, bound)
    monkeypatch.setattr(ways, "_PASSED", PASSED)
    for name, bound in (("_COUNTED", COUNTED), ("_LOOKED_UP", 1), ("_SPARE", 1)):
        monkeypatch.setattr(nearest_rooms, name, bound)


@pytest.fixture(scope="module")
def oracle() -> MemRepo:
    return MemRepo(sample_rooms(ROOMS))


@pytest.fixture(params=["analysed", "just imported"], scope="module")
def town(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of rooms, with statistics and without."""
    with postgres_server.database() as conninfo, psycopg.connect(conninfo, autocommit=True) as session:
        session.execute("ALTER TABLE room SET (autovacuum_enabled = off)")
        with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as opened:
            opened.load(sample_rooms(ROOMS))
        if request.param == "analysed":
            session.execute("VACUUM (ANALYZE) room")
        yield conninfo


def condition(field: str, operator: str, value: object) -> Condition:
    return Condition(Field(field), Operator(operator), value)  # type: ignore[arg-type]


CENTRE, FAR_AWAY = Point(51.51, -0.12), Point(-36.85, 174.76)
TOWN = BoundingBox(-0.30, 51.40, 0.10, 51.60)
UNUSED = condition("price", "in", tuple(range(100_000, 101_000)))
SELDOM = (condition("price", "lt", 50), condition("size", "gt", 40))


def by(sort: str, *conditions: Condition, areas: tuple[BoundingBox | Circle, ...] = ()) -> RoomQuery:
    return RoomQuery(sort=SORTS[sort], limit=20, conditions=conditions, areas=areas)


def nearest(*conditions: Condition, to: Point = CENTRE) -> RoomQuery:
    return RoomQuery(sort=BY_DISTANCE, near=to, limit=5, conditions=conditions)


QUICK = {
    "all by code": by("code"),
    "all by size": by("-size"),
    "a price band by price": by("price", condition("price", "gte", 50), condition("price", "lt", 70)),
    "a price band by code": by("code", condition("price", "gte", 50), condition("price", "lt", 90)),
    "two common filters": by("price", condition("price", "lt", 90), condition("size", "gt", 10)),
    "some streets by price": by("price", areas=(Circle(CENTRE, 300),)),
    "a town by size": by("size", areas=(TOWN,)),
    "no room in a town": by("code", condition("price", "gt", 100_000), areas=(TOWN,)),
    "unused prices by size": by("size", UNUSED),
    "unused prices by price": by("-price", UNUSED),
    "unused prices by code": by("code", UNUSED),
    "unused prices nearest first": nearest(UNUSED),
    "one longitude": by("price", condition("longitude", "in", (0.0, 0.000_000_05))),
    "one latitude left out": by("price", condition("latitude", "ne", 51.5)),
    "codes": by("price", condition("code", "in", ("a", "b"))),
    "nearest": nearest(),
    "nearest from far away": nearest(to=FAR_AWAY),
    "nearest of many": nearest(condition("price", "lt", 200)),
}

NOT_QUICK = {
    "two filters that seldom meet, in a town": by("code", *SELDOM, areas=(TOWN,)),
    "two filters that seldom meet": by("code", *SELDOM),
    "sizes that most rooms have, left out": by("size", *(condition("size", "ne", n) for n in range(6, 26))),
    "a thousand longitudes": by(
        "code", condition("longitude", "in", tuple(number / 1000 + 5e-7 for number in range(-500, 500)))
    ),
    "the expensive in a cheap suburb and beyond": by("-price", areas=(BoundingBox(0.0, 51.3, 0.6, 51.50),)),
    "nearest of a few": nearest(*SELDOM, condition("latitude", "lt", 51.55)),
    "a price that is seldom, from far away": nearest(
        condition("price", "lt", 35), condition("size", "ne", 20), to=FAR_AWAY
    ),
}


@pytest.mark.parametrize("name", [*QUICK, *NOT_QUICK])
def test_quick_search_reads_no_more_than_its_bound(town: str, name: str, oracle: MemRepo) -> None:
    for query in pages_of({**QUICK, **NOT_QUICK}[name], oracle):
        plans = plans_of_search(town, query, quick=True)

        assert plans
        assert rows_read(plans) <= BOUND
        assert "Seq Scan" not in {node["Node Type"] for read in plans for node in nodes(read)}


def pages_of(query: RoomQuery, oracle: MemRepo) -> Iterator[RoomQuery]:
    """The first page, the second, and a later one."""
    yield query
    for limit in (20, 1000):
        if rooms := oracle.search(replace(query, limit=limit)).rooms:
            yield replace(query, after=query.position(rooms[-1]))


@pytest.mark.parametrize("prepare", [True, False])
@pytest.mark.parametrize("name", QUICK)
def test_quick_search_returns_the_page(town: str, name: str, prepare: bool, oracle: MemRepo) -> None:
    query = QUICK[name]
    following = [replace(query, after=query.position(room)) for room in oracle.search(query).rooms[-1:]]
    with closing(PostgresRepo(town, POSTGRES_REVISION, Limits(prepared_statements=prepare))) as opened:
        assert oracle.search(query) == opened.search(query, quick=True)
        for after in following:
            with suppress(*[NotQuick] if query.near else []):  # in a sparse place a ring is wide
                assert oracle.search(after) == opened.search(after, quick=True)


@pytest.mark.parametrize("name", NOT_QUICK)
def test_search_that_needs_a_long_walk_is_not_quick(town: str, name: str, oracle: MemRepo) -> None:
    query = NOT_QUICK[name]
    with closing(PostgresRepo(town, POSTGRES_REVISION, Limits(pool_size=1))) as opened:
        for _ in range(2):
            with pytest.raises(NotQuick):
                opened.search(query, quick=True)

        assert oracle.search(query) == opened.search(query)


@pytest.mark.parametrize("name", NOT_QUICK)
def test_long_search_ends_on_the_server_too_when_its_time_is_up(town: str, name: str) -> None:
    with closing(PostgresRepo(town, POSTGRES_REVISION, Limits(pool_size=1))) as opened:
        assert opened.count(RoomQuery()) == ROOMS
        with psycopg.connect(town) as other:
            other.execute("LOCK TABLE room IN ACCESS EXCLUSIVE MODE")  # to make it take longer
            with pytest.raises(OutOfTime):
                opened.search(NOT_QUICK[name], within=0.1)

            assert [] == running_statements(town)
        assert opened.count(RoomQuery()) == ROOMS


TOTALS = {
    "all up to a bound": (RoomQuery(), READ // 2),
    "a price band up to a bound": (RoomQuery(conditions=(condition("price", "lt", 90),)), READ // 2),
    "a town up to a bound": (RoomQuery(areas=(TOWN,)), READ // 2),
    "some streets": (RoomQuery(areas=(Circle(CENTRE, 300),)), None),
    "no room in a town": (RoomQuery(areas=(TOWN,), conditions=(condition("size", "gt", 9000),)), None),
    "unused prices": (RoomQuery(conditions=(UNUSED,)), 10_001),
    "codes": (RoomQuery(conditions=(condition("code", "in", ("a", "b")),)), None),
}
LONG_TOTALS = {
    "all": (RoomQuery(), None),
    "all up to a high bound": (RoomQuery(), READ + 1),
    "a price band": (RoomQuery(conditions=(condition("price", "lt", 90),)), None),
    "two filters that seldom meet, in a town": (RoomQuery(areas=(TOWN,), conditions=SELDOM), 10_001),
    "one size left out": (RoomQuery(conditions=(condition("size", "ne", 20),)), READ * 2),
}


@pytest.mark.parametrize("name", [*TOTALS, *LONG_TOTALS])
def test_quick_count_reads_no_more_than_its_bound(town: str, name: str) -> None:
    query, at_most = {**TOTALS, **LONG_TOTALS}[name]

    plans = plans_of(town, lambda session: quick_count(session, query, at_most))

    assert plans
    assert rows_read(plans) <= BOUND
    assert "Seq Scan" not in {node["Node Type"] for read in plans for node in nodes(read)}


@pytest.mark.parametrize("name", TOTALS)
def test_quick_count_is_exact(town: str, name: str, oracle: MemRepo) -> None:
    query, at_most = TOTALS[name]
    with closing(PostgresRepo(town, POSTGRES_REVISION)) as opened:
        assert oracle.count(query, at_most) == opened.count(query, at_most, quick=True)


@pytest.mark.parametrize("name", LONG_TOTALS)
def test_count_of_many_is_not_quick(town: str, name: str, oracle: MemRepo) -> None:
    query, at_most = LONG_TOTALS[name]
    with closing(PostgresRepo(town, POSTGRES_REVISION)) as opened:
        with pytest.raises(NotQuick):
            opened.count(query, at_most, quick=True)

        assert oracle.count(query, at_most) == opened.count(query, at_most)
