"""Generated rooms and queries: every storage gives what `RoomQuery.matches` and the memory say."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.repository import sqlite_plan
from rentomatic.repository.memory import MemRepo
from rentomatic.use_cases.ports import RoomRepository
from tests.builders import queries, room_sets
from tests.repository.storages import STORAGES

STORED = [name for name in STORAGES if name != "memory"]


@pytest.fixture(params=STORED, scope="module")
def storage(request: pytest.FixtureRequest) -> Iterator[RoomRepository]:
    with STORAGES[request.param]() as empty:
        yield empty


@pytest.mark.parametrize("narrow", [0, 5, sqlite_plan.NARROW])
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(rooms=room_sets(), asked=st.lists(queries(), min_size=1, max_size=3))
def test_a_storage_gives_the_rooms_and_pages_of_the_oracle(
    storage: RoomRepository, rooms: list[Room], asked: list[RoomQuery], narrow: int
) -> None:
    oracle = MemRepo(rooms)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_plan, "NARROW", narrow)  # so that few rooms take every way
        only(storage, rooms)
        for query in asked:
            assert all_pages(oracle, query) == all_pages(storage, query)
            assert oracle.count(query) == storage.count(query)
            assert oracle.summarise(query) == storage.summarise(query)
            assert streamed(oracle, query) == streamed(storage, query)


@settings(max_examples=100)
@given(rooms=room_sets(), query=queries())
def test_the_oracle_gives_the_rooms_that_match_once_each(rooms: list[Room], query: RoomQuery) -> None:
    found = [room for page in all_pages(MemRepo(rooms), query) for room in page.rooms]

    assert sorted(room.code for room in rooms if query.matches(room)) == sorted(r.code for r in found)


def only(storage: RoomRepository, rooms: list[Room]) -> None:
    """Leave these rooms and no others."""
    with storage.stream(RoomQuery()) as present:
        gone = {room.code for room in present} - {room.code for room in rooms}
    for code in gone:
        storage.remove(code)
    storage.load(rooms)


def all_pages(repository: RoomRepository, query: RoomQuery) -> list[Page]:
    pages = [repository.search(query)]
    while pages[-1].more:
        query = replace(query, after=query.position(pages[-1].rooms[-1]))
        pages.append(repository.search(query))
    return pages


def streamed(repository: RoomRepository, query: RoomQuery) -> list[Room]:
    with repository.stream(query) as rooms:
        return list(rooms)
