from collections.abc import Callable

import pytest
from falcon import testing

from rentomatic.domain.room import Room
from rentomatic.repository.memory import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.app import create_app

Get = Callable[..., testing.Result]


def client_of(repository: RoomRepository, threads: int = 4) -> testing.TestClient:
    return testing.TestClient(create_app(repository, threads))


@pytest.fixture
def rooms() -> tuple[Room, ...]:
    return FIRST_ROOMS


@pytest.fixture
def client(rooms: tuple[Room, ...]) -> testing.TestClient:
    """The application over the four rooms that everybody knows."""
    return client_of(MemRepo(rooms))


def get(client: testing.TestClient, target: str, **headers: str) -> testing.Result:
    """The answer to a GET of a path with its query, as it would be typed."""
    path, _, query = target.partition("?")
    return client.simulate_get(
        path, query_string=query, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
