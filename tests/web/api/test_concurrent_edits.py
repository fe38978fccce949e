"""Eight writers edit twenty rooms over HTTP, each based on what it has read: no acknowledged edit is lost.

For a longer run: `EDITING_SECONDS=10 ./manage.py test tests/web/api/test_concurrent_edits.py -s`.
"""

import http.client
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from rentomatic.bootstrap import open_repository
from rentomatic.repository.mongo.migrate import upgrade as upgrade_mongo
from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.settings import Scope, read_settings
from tests import mongo_server, postgres_server
from tests.builders import make_room
from tests.cli.conftest import url_of
from tests.servers import Server, rentomatic
from tests.web.conftest import key_of

SECONDS = float(os.environ.get("EDITING_SECONDS", "2"))
WRITERS = 8
CODES = [f"room-{number}" for number in range(20)]
START = 1000

Edits = Counter[tuple[str, int]]
"""The number of responses of each status to the edits of each room."""


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    upgrade_sqlite(folder / "rooms.db")
    yield f"sqlite:///{folder}/rooms.db"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    with postgres_server.database() as conninfo:
        yield url_of(conninfo, str(conninfo_to_dict(conninfo)["dbname"]))


@contextmanager
def mongo(folder: Path) -> Iterator[str]:
    with mongo_server.database() as (uri, name):
        upgrade_mongo(uri, name)
        host, separator, options = uri.partition("?")
        yield f"{host.rstrip('/')}/{name}{separator}{options}"


STORAGES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": sqlite,
    "postgres": postgres,
    "mongo": mongo,
}


@pytest.mark.parametrize("storage", STORAGES)
def test_no_acknowledged_edit_is_lost(storage: str, tmp_path: Path) -> None:
    key, entry = key_of("writers", Scope.WRITE)
    with STORAGES[storage](tmp_path) as database:
        put_rooms(database)
        # Enough places that no request is refused.
        variables = {"RENTOMATIC_API_KEYS": entry.entry, "RENTOMATIC_THREADS": "16"}
        with rentomatic(database, tmp_path / "log", "--workers", "2", **variables) as server:
            edits = edit(server, key)
            prices = {code: server.get(f"/rooms/{code}").json["price"] for code in CODES}
    answers = Counter({status: 0 for _, status in edits})
    for (_, status), number in edits.items():
        answers[status] += number
    print(f"\n{storage}: {WRITERS} writers, {SECONDS:g} s, answers {dict(answers)}")

    assert {code: START + edits[code, 200] for code in CODES} == prices
    assert {200, 412} == set(answers)


def put_rooms(database: str) -> None:
    with closing(open_repository(read_settings({"DATABASE_URL": database}))) as repository:
        repository.load(make_room(code=code, price=START) for code in CODES)


def edit(server: Server, key: str) -> Edits:
    """Return all responses to the edits of all writers."""
    end = time.monotonic() + SECONDS
    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(raise_prices, server, key, number, end) for number in range(WRITERS)]
        return sum((done.result(SECONDS + 60) for done in writing), Edits())


def raise_prices(server: Server, key: str, seed: int, end: float) -> Edits:
    """Read a room and put it back at a higher price if it is unchanged, repeatedly."""
    chance, edits = random.Random(seed), Edits()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        while time.monotonic() < end:
            path = f"/rooms/{(code := chance.choice(CODES))}"
            connection.request("GET", path)
            answer = connection.getresponse()
            room, tag = json.load(answer), answer.headers["ETag"]
            headers = {
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "If-Match": tag,
            }
            connection.request("PUT", path, json.dumps({**room, "price": room["price"] + 1}), headers)
            answer = connection.getresponse()
            answer.read()
            edits[code, answer.status] += 1
    return edits
