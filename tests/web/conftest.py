from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from falcon import testing

from rentomatic.domain.room import Room
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.settings import ApiKey, Scope, digest_of, new_key
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.access.keys import Keys
from rentomatic.web.app import create_app
from rentomatic.web.limits.tuning import USUAL, Tuning
from rentomatic.web.pages.photos import NO_PHOTOS, Photos
from tests.web.contract import ContractClient

Get = Callable[..., testing.Result]


def client_of(
    repository: RoomRepository,
    threads: int = 4,
    keys: Sequence[ApiKey] = (),
    tuning: Tuning = USUAL,
    photos: Photos = NO_PHOTOS,
) -> ContractClient:
    """A client of the application, which accepts only documented responses."""
    app = create_app(repository, replace(tuning, threads=threads), keys=Keys(keys), photos=photos)
    return ContractClient(app)


def key_of(label: str, *scopes: Scope) -> tuple[str, ApiKey]:
    """A key, and its entry on the server."""
    text = new_key()
    return text, ApiKey(label, frozenset(scopes), digest_of(text))


@pytest.fixture
def rooms() -> tuple[Room, ...]:
    return FIRST_ROOMS


@pytest.fixture
def client(rooms: tuple[Room, ...]) -> testing.TestClient:
    """The application with the four sample rooms."""
    return client_of(MemRepo(rooms))


def get(client: testing.TestClient, target: str, **headers: str) -> testing.Result:
    """GET a path with a query, written as a user would type it."""
    path, _, query = target.partition("?")
    return client.simulate_get(
        path, query_string=query, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
