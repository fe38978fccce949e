"""Clients of real servers that disconnect while their listing is read, and the next import."""

import socket
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.servers import Server
from tests.waiting import until
from tests.web.api.test_imports_on_servers import (
    HEADER,
    LIMIT,
    LINE,
    begin,
    head,
    rooms_in,
    send,
    server,
)
from tests.web.pages import test_staff_uploads_on_servers as uploads
from tests.web.pages.test_staff_import import multipart

__all__ = ["server"]  # a fixture


def listing(rooms: int) -> bytes:
    return HEADER.replace(b",note", b"") + b"".join(b"r%d,20,60,51.5,-0.12\n" % n for n in range(rooms))


LONG = listing(400_000)
"""Takes some seconds to read."""

FORM = multipart({"act": "preview"}, LONG)

SHORTER = 150_000
"""Rooms of a listing that is read to its end."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs TCP_INFO and /proc")


@pytest.mark.parametrize(
    ("target", "headers", "body"),
    [("/rooms/import", head(len(LONG)), LONG), ("/staff/import", uploads.head(len(FORM)), FORM)],
    ids=["an import", "a preview on the page"],
)
def test_reading_a_listing_stops_when_its_client_goes_away(
    server: Server, target: str, headers: dict[str, str], body: bytes
) -> None:
    before = rooms_in(server)
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)) as other:
        other.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        other.recv(10_000)
        client = begin(server, headers, body, target)
        until(lambda: is_reading(server))
        client.close()
        until(lambda: server.under_way() == 0)

        assert not is_reading(server)
        assert before == rooms_in(server)
        assert 200 == send(server, HEADER + LINE % 90_000_000).status


def test_a_waiting_client_gets_its_response_while_others_come_and_go(server: Server) -> None:
    before = rooms_in(server)
    body = listing(SHORTER)
    with closing(begin(server, head(len(body)), body, "/rooms/import?dry_run=true")) as client:
        client.settimeout(10 * LIMIT)
        until(lambda: is_reading(server))
        statuses = [server.get("/rooms?limit=3").status for _ in range(20)]
        answer = client.recv(10_000)
        while b"\r\n\r\n" not in answer or answer.endswith(b"\r\n\r\n"):  # the body may arrive separately
            answer += client.recv(10_000)

    assert [200] * 20 == statuses
    assert b"HTTP/1.1 200 " == answer[:13]
    assert f'"added":{SHORTER}'.encode() in answer
    assert before == rooms_in(server)


def is_reading(server: Server) -> bool:
    """Whether a listing is being read: rooms read so far are in a temporary file of SQLite."""
    for pid in server.processes():
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # closed in the meantime
                if "etilqs" in str(file.readlink()):
                    return True
    return False
