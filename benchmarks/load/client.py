"""A light HTTP/1.1 client for thousands of connections in one process.

It implements the parts of RFC 9112 that the servers here use, and knows for certain whether a response is
complete.
"""

import asyncio
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

CONNECTIONS = 6
"""Connections of a browser to one server over HTTP/1.1."""

PATIENCE = 30.0
"""Seconds that a request may take."""

_END_OF_CHUNKS = b"0\r\n\r\n"
_GZIP = 16 + zlib.MAX_WBITS  # see zlib.decompress


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: names in lower case. closes: whether the connection ends with it."""

    status: int
    headers: dict[str, str]
    body: bytes
    closes: bool

    def text(self) -> bytes:
        """Return the decompressed body. Raises zlib.error."""
        if self.headers.get("content-encoding") == "gzip":
            return zlib.decompress(self.body, _GZIP)
        return self.body


class AnswerReader:
    """Assembles the responses on a connection, to successive requests without a body."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Answer | None:
        """Add bytes; return the response that they complete, if any. Raises ValueError if malformed."""
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        status, headers = _head(bytes(self._received[:head_end]))
        if status < 200:  # the final response follows
            del self._received[: head_end + 4]
            return self.feed(b"")
        body = self._body(headers, head_end + 4)
        if body is None:
            return None
        self._received.clear()
        return Answer(status, headers, body, headers.get("connection", "").lower() == "close")

    @property
    def has_begun(self) -> bool:
        """Whether a response has arrived in part."""
        return bool(self._received)

    def _body(self, headers: dict[str, str], start: int) -> bytes | None:
        """Return the body if it is complete. Raises ValueError if its length is unknown."""
        if "content-length" in headers:
            length = int(headers["content-length"])
            return bytes(self._received[start:]) if len(self._received) >= start + length else None
        if headers.get("transfer-encoding") != "chunked":
            raise ValueError(f"an answer that does not say how long it is: {headers}")
        return self._chunks(start) if self._received.endswith(_END_OF_CHUNKS) else None

    def _chunks(self, start: int) -> bytes | None:
        body, at = bytearray(), start
        while (line_end := self._received.find(b"\r\n", at)) >= 0:
            size = int(self._received[at:line_end].partition(b";")[0], 16)
            if not size:
                return bytes(body)
            body += self._received[line_end + 2 : line_end + 2 + size]
            at = line_end + 2 + size + 2
        return None


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if version != "HTTP/1.1":
        raise ValueError(f"not HTTP/1.1: {first[:80]}")
    pairs = (line.partition(":") for line in lines)
    return int(rest[:3]), {name.lower(): value.strip() for name, _, value in pairs}


class ClosedUnused(ConnectionError):
    """The server closed a kept-alive connection without sending a byte: the request may be sent again."""


class Connection(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self) -> None:
        self._reader = AnswerReader()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.is_open = transport, True

    def data_received(self, data: bytes) -> None:
        try:
            answer = self._reader.feed(data)
        except ValueError as error:
            self._fail(ConnectionError(str(error)))
            self.close()
            return
        if answer is None:
            return
        if answer.closes:
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        lost = (
            ConnectionResetError("cut") if self._reader.has_begun else ClosedUnused("closed without a byte")
        )
        self._fail(lost)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return the response. Raises ConnectionError."""
        if self._transport is None or not self.is_open:
            raise ClosedUnused("closed before")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a request.

    status: 0 if no complete response arrived. began: by `perf_counter`.
    retry_after: the seconds of `Retry-After`, 0 without it.
    too_costly: whether the request itself was refused, so that repeating it would not help.
    """

    kind: str
    began: float
    seconds: float
    status: int
    retry_after: int = 0
    too_costly: bool = False
    text: bytes = b""

    @property
    def refused(self) -> bool:
        """Whether the server refused it because of overload."""
        return self.status in (429, 503) and not self.too_costly


@dataclass(slots=True)
class Browser:
    """Sends requests to 127.0.0.1 like a browser, over at most six connections.

    Retries only if a kept-alive connection turns out to be closed.


    source: the client's address. through: the header by which a trusted proxy names the client, if any.
    """

    port: int
    source: str = "127.0.0.1"
    through: str = ""
    _idle: list[Connection] = field(default_factory=list)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))

    async def get(self, kind: str, target: str, headers: str = "") -> Outcome:
        """Return the outcome, with the text of the response.

        headers: lines, each ending in CRLF.
        """
        began = perf_counter()
        request = self._request(target, headers)
        async with self._places:
            try:
                async with asyncio.timeout(PATIENCE):
                    answer = await self._ask(request)
                text = answer.text()
            except (OSError, TimeoutError, zlib.error):
                return Outcome(kind, began, perf_counter() - began, 0)
        taken, retry_after = perf_counter() - began, int(answer.headers.get("retry-after", 0))
        too_costly = answer.status == 503 and b"too-costly" in text
        return Outcome(kind, began, taken, answer.status, retry_after, too_costly, text)

    async def _ask(self, request: bytes) -> Answer:
        while self._idle:
            with suppress(ClosedUnused):
                return await self._ask_on(self._idle.pop(), request)
        loop = asyncio.get_running_loop()
        address = (self.source, 0)
        _, connection = await loop.create_connection(
            Connection, "127.0.0.1", self.port, local_addr=address if self.source != "127.0.0.1" else None
        )
        return await self._ask_on(connection, request)

    async def _ask_on(self, connection: Connection, request: bytes) -> Answer:
        try:
            answer = await connection.ask(request)
        except BaseException:
            connection.close()
            raise
        if connection.is_open:
            self._idle.append(connection)
        return answer

    def _request(self, target: str, headers: str) -> bytes:
        forwarded = f"X-Forwarded-For: {self.through}\r\n" if self.through else ""
        return (
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Accept-Encoding: gzip\r\n{forwarded}{headers}\r\n"
        ).encode()

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()
