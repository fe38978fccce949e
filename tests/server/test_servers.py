"""The application under real servers, stopped, killed and flooded."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from tests.servers import STOP_TIMEOUT, Answer, Server, free_port, rentomatic, serving
from tests.waiting import until

CHEAP = "/rooms?filter_price__lt=40&sort=price&limit=3"


@pytest.fixture(scope="module")
def server(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with rentomatic(database, tmp_path_factory.mktemp("log") / "server.log", "--workers", "2") as running:
        yield running


def test_granian_serves_rooms_and_the_page(server: Server) -> None:
    rooms = server.get(CHEAP)

    assert (rooms.status, len(rooms.json)) == (200, 3)
    assert rooms.headers["link"].endswith('rel="next"')
    assert b"rooms</h1>" in server.get("/").body
    assert server.get("/static/rentomatic.css").status == 200


def test_an_export_is_complete_and_states_its_length(server: Server) -> None:
    answer = server.get("/rooms?format=ndjson")

    assert answer.body.count(b"\n") == 60_000
    assert str(len(answer.body)) == answer.headers["content-length"]


def test_an_interrupted_export_is_detectable(database: str, tmp_path: Path) -> None:
    with rentomatic(database, tmp_path / "log", TMPDIR=str(tmp_path)) as doomed:
        with closing(socket.socket()) as client:
            client.settimeout(30)
            client.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, 65536
            )  # more than fits waits in the server
            client.connect(("127.0.0.1", doomed.port))
            client.sendall(b"GET /rooms?format=ndjson HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = client.recv(4096)
            kill_workers(doomed)
            while block := read_or_reset(client):
                received += block
        doomed.stop(signal.SIGKILL)  # SIGTERM would wait for the workers that it restarts

    headers, _, body = received.partition(b"\r\n\r\n")
    (announced,) = [
        int(line.split()[1]) for line in headers.split(b"\r\n") if line.startswith(b"content-length")
    ]
    assert len(body) < announced


def read_or_reset(client: socket.socket) -> bytes:
    try:
        return client.recv(1 << 20)
    except ConnectionResetError:
        return b""


def test_every_line_of_the_log_is_a_json_object(database: str, tmp_path: Path) -> None:
    with rentomatic(database, tmp_path / "log") as server:
        server.get("/rooms?limit=1")
        server.get("/rooms?limit=0")
        server.stop()

    first, *lines, last = (tmp_path / "log").read_text().splitlines()
    assert first == f"Rent-o-matic is listening on http://localhost:{server.port}"
    assert last == "Rent-o-matic has stopped."
    requests = [line for line in map(json.loads, lines) if line["logger"] == "rentomatic.access"]
    assert [line["status"] for line in requests if line["path"] == "/rooms"] == [200, 400]


def test_a_too_long_url_is_a_414(server: Server) -> None:
    values = ",".join(["1"] * 60_000)

    assert server.get(f"/rooms?filter_price__in={values}").status == 414


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /rooms?filter_price__lt=\x00 HTTP/1.1",
        b"GET /rooms?%%% HTTP/1.1",
        b"GET /rooms?\xff\xfe HTTP/1.1",
        b"GET http://[::1/rooms HTTP/1.1",
        b"BREW /rooms HTTP/1.1",
        b"GET /rooms",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_a_malformed_request_is_refused_and_the_server_continues(server: Server, request_line: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as client:
        client.sendall(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        status = client.recv(4096).split(b" ")[1:2]

    assert status in ([], [b"400"], [b"404"], [b"405"])
    assert server.get(CHEAP).status == 200


def test_gunicorn_serves_the_same_application(database: str, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "wsgi:app"]
    with serving(command, port, tmp_path / "log", {"DATABASE_URL": database}) as server:
        rooms = server.get(CHEAP)
        export = server.get("/rooms?format=csv")

        assert (rooms.status, len(rooms.json)) == (200, 3)
        assert export.body.count(b"\n") == 60_001
        assert server.stop() == 0


def test_gunicorn_keeps_a_connection_with_a_late_unread_body(database: str, tmp_path: Path) -> None:
    with (
        rentomatic(database, tmp_path / "log", RENTOMATIC_SERVER="gunicorn") as server,
        closing(socket.create_connection(("127.0.0.1", server.port), timeout=30)) as client,
    ):
        client.sendall(b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
        refused = b""
        while not refused.endswith(b"}"):  # the end of a problem in JSON
            refused += client.recv(65536)
        time.sleep(0.1)  # the client is slow
        client.sendall(b"rest" + b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = client.recv(65536)

    assert b"HTTP/1.1 4" == refused[:10]
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_four_workers_that_start_on_a_new_file_create_one_schema(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", "4", "-b", f"127.0.0.1:{port}", "wsgi:app"]
    with serving(command, port, tmp_path / "log", {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}) as server:
        assert [server.get("/rooms").status for _ in range(20)] == [200] * 20


def test_stopping_lets_requests_in_flight_finish(database: str, tmp_path: Path) -> None:
    answers: list[Answer] = []
    with rentomatic(database, tmp_path / "log") as server:
        # An export sorted by distance and a sum over all rooms: some tenths of a second each.
        slow = ("/rooms?format=ndjson&near=51.5,-0.1", "/rooms/summary?near=51.5,-0.1&radius=9000000")
        threads = [
            threading.Thread(target=lambda target=target: answers.append(server.get(target)))
            for target in slow
        ]
        for thread in threads:
            thread.start()
        until(lambda: len(answers) + server.under_way() == 2)

        code = server.stop(signal.SIGTERM)
        for thread in threads:
            thread.join(timeout=30)

    assert code == 0
    assert [200, 200] == [answer.status for answer in answers]
    assert 60_000 in [answer.body.count(b"\n") for answer in answers]


@pytest.mark.parametrize("kind", ["granian", "gunicorn"])
@pytest.mark.parametrize("by", ["SIGTERM", "Ctrl-C"])
def test_stopped_server_says_so_and_leaves_one_file(tmp_path: Path, kind: str, by: str) -> None:
    path, log = tmp_path / "rooms.db", tmp_path / "log"
    with rentomatic(f"sqlite:///{path}", log, "--sample", "--workers=2", RENTOMATIC_SERVER=kind) as server:
        found = [server.get(target).status for target in ("/rooms", "/rooms/summary", "/health/ready") * 10]
        beside = path.with_name("rooms.db-wal").exists()
        if by == "Ctrl-C":
            os.killpg(server.process.pid, signal.SIGINT)  # a terminal tells all processes
            code = server.process.wait(STOP_TIMEOUT)
        else:
            code = server.stop()

    assert ([200] * 30, True, 0) == (found, beside, code)
    assert log.read_text().endswith("Rent-o-matic has stopped.\n")
    assert ["rooms.db"] == [each.name for each in tmp_path.glob("rooms.db*")]


def test_unread_downloads_do_not_block_the_server(database: str, tmp_path: Path) -> None:
    with rentomatic(database, tmp_path / "log") as server, ExitStack() as stack:
        for _ in range(8):
            reader = stack.enter_context(
                closing(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            )
            reader.sendall(b"GET /rooms?format=ndjson HTTP/1.1\r\nHost: x\r\n\r\n")

        for _ in range(5):
            assert server.get("/health/live").status == 200
        assert [200] * 5 == [server.get(CHEAP).status for _ in range(5)]


def test_a_dead_worker_is_replaced(database: str, tmp_path: Path) -> None:
    with rentomatic(database, tmp_path / "log") as server:
        kill_workers(server)

        until(lambda: is_searched(server))


def kill_workers(server: Server) -> None:
    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)


def is_searched(server: Server) -> bool:
    try:
        return server.get(CHEAP).status == 200
    except OSError:
        return False


def test_a_port_that_is_taken_is_refused(server: Server, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rentomatic", "serve", "--port", str(server.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)

    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {server.port}" in done.stderr


def test_an_outage_of_the_storage_gives_503_until_it_returns(tmp_path: Path) -> None:
    path, away = tmp_path / "rooms.db", tmp_path / "away.db"
    with rentomatic(f"sqlite:///{path}", tmp_path / "log", "--sample") as server:
        assert [server.get(target).status for target in ("/health/ready", CHEAP)] == [200, 200]

        path.rename(away)
        assert [server.get(target).status for target in ("/health/ready", CHEAP, "/health/live")] == [
            503,
            503,
            200,
        ]

        away.rename(path)
        assert [server.get(target).status for target in ("/health/ready", CHEAP)] == [200, 200]


def test_a_replaced_file_is_read(tmp_path: Path) -> None:
    path, other = tmp_path / "rooms.db", tmp_path / "other.db"
    upgrade_sqlite(other)
    with rentomatic(f"sqlite:///{path}", tmp_path / "log", "--sample") as server:
        assert len(server.get("/rooms").json) == 100

        for left in tmp_path.glob("rooms.db*"):
            left.unlink()
        other.rename(path)

        assert server.get("/rooms").json == []
