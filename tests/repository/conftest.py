from collections.abc import Iterator

import pytest

from rentomatic.use_cases.ports import RoomRepository
from tests.repository.storages import STORAGES, work_in_small_batches


@pytest.fixture(params=STORAGES)
def repository(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[RoomRepository]:
    """An empty repository of each storage in turn, working in small batches."""
    work_in_small_batches(monkeypatch)
    with STORAGES[request.param]() as empty:
        yield empty
