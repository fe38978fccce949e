from collections.abc import Iterator

import pytest

from rentomatic.use_cases.ports import RoomRepository
from tests.repository.storages import STORAGES


@pytest.fixture(params=STORAGES)
def repository(request: pytest.FixtureRequest) -> Iterator[RoomRepository]:
    """An empty repository of each storage in turn."""
    with STORAGES[request.param]() as empty:
        yield empty
