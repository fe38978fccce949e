from collections.abc import Iterator

import pytest

from rentomatic.domain.room import Room
from rentomatic.use_cases.ports import RoomRepository
from tests.repository.storages import STORAGES, work_in_small_batches


@pytest.fixture(params=STORAGES)
def repository(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[RoomRepository]:
    """An empty repository of each storage in turn, working in small batches."""
    work_in_small_batches(monkeypatch)
    with STORAGES[request.param]() as empty:
        yield empty


@pytest.fixture(scope="module", params=STORAGES)
def kind(request: pytest.FixtureRequest) -> str:
    """The name of a storage."""
    return str(request.param)


@pytest.fixture(scope="module")
def storage(kind: str, rooms: list[Room]) -> Iterator[RoomRepository]:
    """A storage with the rooms of the module."""
    with STORAGES[kind]() as storage:
        storage.load(rooms)
        yield storage
