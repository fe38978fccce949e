"""Imports into real servers: memory, clients that disconnect, and other clients meanwhile."""

import http.client
import re
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.settings import Scope
from tests.servers import Answer, Server, limit_files, rentomatic
from tests.waiting import until
from tests.web.conftest import key_of

KEY, ENTRY = key_of("staff", Scope.IMPORT)
HEADER = b"code,size,price,latitude,longitude,note\n"
LINE = b"r%08d,20,60,51.5,-0.12," + b"x" * 1000 + b"\n"
LIMIT = 30.0


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("imports")
    upgrade_sqlite(folder / "rooms.db")
    variables = {
        "RENTOMATIC_SERVER": request.param,
        "RENTOMATIC_API_KEYS": ENTRY.entry,
        "TMPDIR": str(folder),
    }
    with rentomatic(f"sqlite:///{folder}/rooms.db", folder / "log", **variables) as running:
        yield running


def head(length: int, **more: str) -> dict[str, str]:
    given = {"Authorization": f"Bearer {KEY}", "Content-Type": "text/csv", "Content-Length": str(length)}
    return given | {name.replace("_", "-"): text for name, text in more.items()}


def send(server: Server, body: bytes, query: str = "", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    with closing(connection):
        connection.request("POST", f"/rooms/import{query}", body, head(len(body), **headers))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())


def begin(
    server: Server, headers: dict[str, str], body: bytes = b"", target: str = "/rooms/import"
) -> socket.socket:
    """Start a request on a new connection."""
    lines = [f"{name}: {text}" for name, text in {"Host": "localhost", **headers}.items()]
    client = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)
    client.sendall("\r\n".join([f"POST {target} HTTP/1.1", *lines, "", ""]).encode() + body)
    return client


def rooms_in(server: Server) -> int:
    return int(server.get("/rooms/summary").json["count"])


def memory(server: Server, what: str) -> float:
    """Return the MB of all processes of the server. what: VmRSS now, or VmHWM, the peak."""
    figures = [
        re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        for pid in server.processes()
    ]
    return sum(int(figure[1]) for figure in figures if figure) / 1000


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_large_import_uses_constant_memory(server: Server) -> None:
    size = 30_000_000
    send(server, HEADER + LINE % 0)
    rooms_in(server)
    for pid in server.processes():
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # resets VmHWM, see proc(5)
    before = memory(server, "VmRSS")
    answer = send(server, HEADER + b"".join(LINE % number for number in range(size // len(LINE % 0))))
    peak = memory(server, "VmHWM")

    assert 200 == answer.status
    assert answer.json["added"] + 1 == rooms_in(server) > 25_000
    assert peak - before < 30


@pytest.mark.parametrize("ends", ["is closed", "is reset"])
def test_a_client_that_goes_away_frees_everything(server: Server, ends: str) -> None:
    before = rooms_in(server)
    client = begin(server, head(1_000_000), HEADER + LINE % 70_000_000)
    until(lambda: server.under_way() == 1)
    if ends == "is reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    until(lambda: server.under_way() == 0)

    assert before == rooms_in(server)
    assert 200 == send(server, HEADER + LINE % 70_000_001).status


def test_a_body_of_unknown_length_is_refused(server: Server) -> None:
    chunked = {name: text for name, text in head(0).items() if name != "Content-Length"}
    with closing(begin(server, {**chunked, "Transfer-Encoding": "chunked"}, b"5\r\ncode,\r\n")) as client:
        answer = client.recv(10_000)

    assert b"HTTP/1.1 411 " == answer[:13]


def test_a_second_import_waits_and_is_then_refused_while_searches_continue(server: Server) -> None:
    body = HEADER + LINE % 80_000_000
    first = begin(server, head(len(body)), body[:-10])
    until(lambda: server.under_way() == 1)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(send, server, HEADER + LINE % 80_000_001)
        until(lambda: server.under_way() == 2)
        searches = [server.get("/rooms?limit=3").status for _ in range(20)]
        refused = second.result(LIMIT)
    first.sendall(body[-10:])
    answer = first.recv(10_000)
    first.close()

    headers = {name.lower(): text for name, text in refused.headers.items()}
    assert 503 == refused.status
    assert headers["retry-after"] in ("1", "2", "3")
    assert [200] * 20 == searches
    assert b"HTTP/1.1 200 " == answer[:13]


def test_an_import_waits_for_another_before_receiving_its_body(server: Server) -> None:
    short = HEADER + LINE % 90_000_000
    long = HEADER + b"".join(LINE % number for number in range(90_000_001, 90_000_011))
    with closing(begin(server, head(len(short)), short[:-10])) as first:
        until(lambda: server.under_way() == 1)
        with closing(begin(server, head(len(long)), long[:10])) as second:
            until(lambda: server.under_way() == 2)
            answers = []
            for connection, rest in ((first, short[-10:]), (second, long[10:])):
                connection.sendall(rest)
                answers.append(connection.recv(10_000)[:13])

    assert [b"HTTP/1.1 200 "] * 2 == answers


def test_a_request_without_a_key_is_refused_before_its_body_is_sent(server: Server) -> None:
    with closing(
        begin(server, head(1 << 29, Authorization="Bearer rom_other", Expect="100-continue"))
    ) as client:
        answer = b""
        while not answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"):
            answer += client.recv(10_000)

    assert b"HTTP/1.1 401 " == answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")[:13]


@pytest.mark.parametrize("kind", ["granian", "gunicorn"])
def test_an_added_key_works_after_a_reload(kind: str, tmp_path: Path) -> None:
    upgrade_sqlite(tmp_path / "rooms.db")
    file = tmp_path / "keys"
    file.write_text("# none yet\n")
    variables = {"RENTOMATIC_SERVER": kind, "RENTOMATIC_API_KEYS_FILE": str(file)}
    with rentomatic(f"sqlite:///{tmp_path}/rooms.db", tmp_path / "log", **variables) as server:
        before = send(server, HEADER).status
        file.write_text(f"# one\n{ENTRY.entry}\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: send(server, HEADER + LINE % 1).status == 200)

    assert 403 == before


def test_an_import_larger_than_the_disk_is_refused_and_the_next_one_works(tmp_path: Path) -> None:
    upgrade_sqlite(tmp_path / "rooms.db")
    folder = tmp_path / "spool"
    folder.mkdir()
    variables = {"RENTOMATIC_API_KEYS": ENTRY.entry, "TMPDIR": str(folder)}
    with rentomatic(f"sqlite:///{tmp_path}/rooms.db", tmp_path / "log", **variables) as server:
        limited = server.processes()
        if not limit_files(limited, 100_000):
            pytest.skip("needs prlimit(2)")
        answer = send(server, HEADER + b"".join(LINE % number for number in range(200)))
        small = send(server, HEADER + LINE % 1)

    assert 503 == answer.status
    assert "Not enough disk space for the import." == answer.json["detail"]
    assert 200 == small.status
