"""Measure how the workers of a server share the work of kept-alive connections.

The servers run at the same time, and each in turn gets requests from one thread on the same machine. What
counts is each worker's share of the processor time, and the processor time of a request.

`python -m benchmarks.workers WAY PORT` is one of the servers.
"""

import re
import selectors
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.http_load import PATH, free_port, wait_until_ready
from benchmarks.processes import descendants, processor_seconds, server
from benchmarks.transfer import url
from benchmarks.workspace import Workspace
from rentomatic.server import draining, granian
from rentomatic.server.serving import Serving, metrics_directory

CONNECTIONS = 8
WORKERS = 2
SECONDS = 3.0
"""Seconds that a round lasts."""

WAYS = {
    "one worker": "nothing to share",
    "one socket": "both workers accept from one socket, and keep what they have",
    "two sockets": "the kernel spreads connections by a hash of their addresses",
    "as shipped": "and who has too much gives connections away",
}

_HOST = "127.0.0.1"
_TIMEOUT = 10
_PAUSE = 1.0  # lets the servers' averages settle after a round
_REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: {_HOST}\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class WorkersResult:
    """A round. share: the busiest worker's, of all processor time. ended: connections the server closed."""

    way: str
    share: float
    requests_per_second: float
    processor_ms_per_request: float
    ended: int


def measure(place: Workspace, rooms: int, rounds: int) -> list[WorkersResult]:
    """Measure rounds of each server in turn; the first round warms up and is dropped."""
    database, results = url(place.database(rooms)), []
    with ExitStack() as stack:
        servers = {}
        for way in WAYS:
            port = free_port()
            command = ["-m", "benchmarks.workers", way, str(port)]
            process = stack.enter_context(server(command, DATABASE_URL=database))
            wait_until_ready(port)
            servers[way] = port, process.pid
        for number in range(rounds + 1):
            place.log(f"workers: round {number}")
            for way, (port, pid) in servers.items():
                results.append(_round(way, port, pid))
                time.sleep(_PAUSE)
    return results[len(WAYS) :]


def _round(way: str, port: int, pid: int) -> WorkersResult:
    workers = list(descendants(pid))
    before = [processor_seconds(worker) for worker in workers]
    load = _Load(port)
    seconds = load.run()
    used = [processor_seconds(worker) - then for worker, then in zip(workers, before, strict=True)]
    return WorkersResult(
        way=way,
        share=max(used) / sum(used),
        requests_per_second=load.answers / seconds,
        processor_ms_per_request=sum(used) / load.answers * 1000,
        ended=load.ended,
    )


class _Load:
    """Sends requests on kept-alive connections, each after the last response; replaces closed connections."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self.answers = self.ended = 0

    def run(self) -> float:
        """Send requests for a round; return the seconds. Raises RuntimeError if a request is lost."""
        start = time.perf_counter()
        for _ in range(CONNECTIONS):
            self._connect()
        while time.perf_counter() < start + SECONDS:
            ready = self._selector.select(_TIMEOUT)
            if not ready:
                raise RuntimeError("the server does not answer")
            for key, _ in ready:
                self._read(key.fileobj, key.data)  # type: ignore[arg-type] # they are sockets
        for key in list(self._selector.get_map().values()):
            self._forget(key.fileobj)  # type: ignore[arg-type]
        return time.perf_counter() - start

    def _connect(self) -> None:
        connection = socket.create_connection((_HOST, self._port), timeout=_TIMEOUT)
        connection.sendall(_REQUEST)
        self._selector.register(connection, selectors.EVENT_READ, bytearray())

    def _read(self, connection: socket.socket, answer: bytearray) -> None:
        block = connection.recv(1 << 18)
        if not block:
            raise RuntimeError("the server ended a connection without an answer")
        answer += block
        head, end, body = answer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"the server answers {head[:40].decode()}")
        self.answers += 1
        answer.clear()
        if b"connection: close" in head.lower():
            self.ended += 1
            self._forget(connection)
            self._connect()
        else:
            connection.sendall(_REQUEST)

    def _forget(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()


def _length(head: bytearray) -> int:
    found = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
    if found is None:
        raise RuntimeError("an answer does not say how long it is")
    return int(found[1])


def _serve(way: str, port: int) -> None:
    serving = Serving(
        target="rentomatic.bootstrap:application",
        host=_HOST,
        port=port,
        workers=1 if way == "one worker" else WORKERS,
        threads=4,
        lifetime=0,
        reader_timeout=30.0,
        may_replace=lambda: True,
        log_level="warning",
    )
    with metrics_directory():
        if way == "as shipped":
            granian.run(serving)
        else:
            sockets = WORKERS if way == "two sockets" else 1
            granian.server(serving, sockets=sockets).serve(target_loader=draining.load)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
