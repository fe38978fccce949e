"""A client with a key to write, for tests."""

import json
import time
from typing import Any

from falcon import testing

from rentomatic.settings import Scope
from rentomatic.use_cases.ports import RoomRepository
from tests.web.conftest import client_of, key_of

A1 = {"code": "a1", "size": 20, "price": 60, "latitude": 51.5, "longitude": -0.12}
"""The members of `make_room()`."""


class Trickle:
    """A body that arrives byte by byte, and whose reads wait for all the bytes that they ask for."""

    def __init__(self, body: bytes, pause: float = 0.15) -> None:
        self.left = body
        self._pause = pause

    def read(self, size: int = -1) -> bytes:
        size = len(self.left) if size < 0 else size
        time.sleep(self._pause * size)
        block, self.left = self.left[:size], self.left[size:]
        return block


class Editor:
    """Sends requests with a key that has the scope `write`."""

    def __init__(self, repository: RoomRepository, threads: int = 4) -> None:
        self.key, self.entry = key_of("staff", Scope.WRITE)
        self._client = client_of(repository, threads, [self.entry])

    def send(self, method: str, target: str, body: Any = None, **headers: str) -> testing.Result:
        """Send a request and return the response. Other bodies than bytes are sent as JSON.

        Empty headers are omitted.
        """
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.key}"}
        if content is not None:
            given["Content-Type"] = "application/json"
        given |= {name.replace("_", "-"): text for name, text in headers.items()}
        path, _, query = target.partition("?")
        return self._client.simulate_request(
            method,
            path,
            query_string=query,
            body=content,
            headers={name: text for name, text in given.items() if text},
        )

    def tag(self, path: str = "/rooms/a1") -> str:
        """Return the current entity tag of a room."""
        tag: str = self.send("GET", path).headers["etag"]
        return tag
