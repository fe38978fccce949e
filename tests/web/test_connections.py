"""Connections of clients that send nothing, or take nothing, keep nobody else from either server."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.servers import Server, rentomatic

SERVERS = ("granian", "gunicorn")
EXPORT = b"GET /rooms?format=ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n"

MORE_THAN_USUAL = 1500
"""More than the 1,024 files that a process may often open unless it asks for more."""


@contextmanager
def stalled_export(server: Server) -> Iterator[socket.socket]:
    """An export whose reader takes the first bytes and then no more."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(30)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(EXPORT)
        assert reader.recv(15) == b"HTTP/1.1 200 OK"
        yield reader


@pytest.mark.parametrize("name", SERVERS)
def test_idle_connections_keep_nobody_out(database: str, tmp_path: Path, name: str) -> None:
    with (
        rentomatic(database, tmp_path / "log", RENTOMATIC_SERVER=name) as server,
        ExitStack() as idle,
    ):
        for _ in range(MORE_THAN_USUAL):
            idle.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))

        statuses = [server.get(path).status for path in ("/health/live", "/rooms?limit=1")]

    assert [200, 200] == statuses


@pytest.mark.parametrize("threads", ["1", "4"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_stalled_reader_of_an_export_keeps_nobody_from_anything_else(
    database: str, tmp_path: Path, name: str, threads: str
) -> None:
    variables = {"RENTOMATIC_SERVER": name, "RENTOMATIC_THREADS": threads}
    with rentomatic(database, tmp_path / "log", **variables) as server, stalled_export(server):
        statuses = [server.get(path).status for path in ("/health/live", "/rooms?limit=1", "/")]

    assert [200, 200, 200] == statuses
