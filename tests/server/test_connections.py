"""Clients that send or read nothing do not block others, on either server."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from rentomatic.server import draining
from rentomatic.web.limits.connections import count_active, is_listening
from tests.servers import Answer, Server, free_port, no_more_files, rentomatic, serving

SERVERS = ("granian", "gunicorn")
EXPORTED = "/rooms?format=ndjson"

MORE_THAN_USUAL = 1100
"""More than the 1,024 files that a process may often open unless it asks for more."""


@contextmanager
def stalled_export(server: Server) -> Iterator[socket.socket]:
    """Start an export whose reader takes the first bytes and then stops."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(30)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(f"GET {EXPORTED} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert reader.recv(15) == b"HTTP/1.1 200 OK"
        yield reader


@pytest.mark.parametrize("name", SERVERS)
def test_idle_connections_do_not_block_others(database: str, tmp_path: Path, name: str) -> None:
    with (
        rentomatic(database, tmp_path / "log", RENTOMATIC_SERVER=name) as server,
        ExitStack() as idle,
    ):
        for number in range(MORE_THAN_USUAL):
            kept = idle.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            if number < 40:  # the others never send a request
                kept.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert kept.recv(10_000).startswith(b"HTTP/1.1 200")

        statuses = [server.get(path).status for path in ("/health/live", "/rooms?limit=1")]

    assert [200, 200] == statuses


@pytest.mark.parametrize("threads", ["1", "4"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_stalled_reader_of_an_export_does_not_block_others(
    database: str, tmp_path: Path, name: str, threads: str
) -> None:
    variables = {"RENTOMATIC_SERVER": name, "RENTOMATIC_THREADS": threads}
    with rentomatic(database, tmp_path / "log", **variables) as server, stalled_export(server):
        statuses = [server.get(path).status for path in ("/health/live", "/rooms?limit=1", "/")]

    assert [200, 200, 200] == statuses


@pytest.mark.parametrize("pause", [0.05, 60], ids=["slow", "stalled"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_reader_that_takes_too_long_is_cut_off_and_the_next_export_works(
    database: str, tmp_path: Path, name: str, pause: float
) -> None:
    variables = {"RENTOMATIC_SERVER": name, "RENTOMATIC_EXPORT_TIMEOUT": "8"}
    with rentomatic(database, tmp_path / "log", **variables) as server, stalled_export(server) as reader:
        over, received = Event(), [0]
        thread = Thread(target=read_slowly, args=(reader, pause, over, received))
        thread.start()
        try:
            lengths = [int(answered(server, EXPORTED).headers["content-length"]) for _ in range(2)]
        finally:
            over.set()
            thread.join(30)

    assert 1 == len(set(lengths))
    assert received[0] < lengths[0]


def read_slowly(reader: socket.socket, pause: float, over: Event, received: list[int]) -> None:
    """Read some bytes, pausing in between, until the server gives up."""
    with suppress(OSError):
        while not over.wait(pause) and (block := reader.recv(1024)):
            received[0] += len(block)


def answered(server: Server, target: str) -> Answer:
    """Return the response once a place is free."""
    end = time.monotonic() + 60
    while (answer := server.get(target)).status == 503 and time.monotonic() < end:
        time.sleep(0.1)
    return answer


SOON = """
from rentomatic.cli.main import main
from rentomatic.web.limits import connections
connections.SILENT_FOR, connections._PAUSE = 1.0, 0.2
main()
"""
"""The program, but that it waits a second instead of thirty for the first byte of a connection."""


def test_a_connection_on_which_nothing_arrives_is_closed(database: str, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", SOON, "serve", "--port", str(port)]
    with (
        serving(command, port, tmp_path / "log", {"DATABASE_URL": database}) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=90) as silent,
    ):
        assert b"" == silent.recv(1)
        assert 200 == server.get("/health/live").status


@pytest.mark.skipif(sys.platform != "linux", reason="count_active is Linux only")
def test_no_connection_is_counted_if_no_more_files_can_be_opened() -> None:
    with no_more_files():
        found = count_active(80, 1.0)

    assert 0 == found


def test_closed_socket_neither_listens_nor_is_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = socket.socket()
    closed.close()
    monkeypatch.setattr("rentomatic.server.draining.sockets", lambda: iter([closed]))

    assert not is_listening(closed)
    assert not draining._is_connected(80)
