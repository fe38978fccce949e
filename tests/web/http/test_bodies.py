"""Bodies on the wire: complete, chunked, truncated, too long, of another type, not JSON."""

import json
import select
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from falcon import HTTPError, Request, testing

from rentomatic.repository.memory.repository import MemRepo
from rentomatic.settings import Scope
from rentomatic.web.api.room import MAX_ROOM_BODY, room_body
from rentomatic.web.http.bodies import SmallBodies
from rentomatic.web.limits.tuning import Tuning
from rentomatic.web.limits.turns import Turns
from rentomatic.web.limits.visitors import NO_PROXIES
from rentomatic.web.telemetry.metrics import Metrics, Sources
from tests.servers import Server, free_port, rentomatic, serving
from tests.waiting import until
from tests.web.conftest import key_of
from tests.web.editing import A1, Editor, Trickle
from tests.web.http.test_errors import NoRepository, assert_problem

KEY, ENTRY = key_of("staff", Scope.WRITE)
LIMIT = 30.0
TOO_LONG = MAX_ROOM_BODY + 1
CHUNKED = {"Transfer-Encoding": "chunked"}


@dataclass(frozen=True)
class Raw:
    """A server that is addressed byte by byte."""

    server: Server

    def put(
        self,
        path: str,
        *pieces: bytes,
        length: int | None = None,
        headers: Mapping[str, str] | None = None,
        hang_up: bool = False,
    ) -> int:
        """Return the status of the response to a PUT with the key, 0 without a response.

        length: of the header Content-Length, which is omitted if it is None, like empty headers.
        hang_up: close the connection after the pieces.
        """
        given = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **(headers or {})}
        if length is not None:
            given["Content-Length"] = str(length)
        lines = "".join(f"{name}: {text}\r\n" for name, text in given.items() if text)
        with closing(socket.create_connection(("127.0.0.1", self.server.port), timeout=LIMIT)) as client:
            with suppress(OSError):  # refused before everything was sent
                client.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
                for piece in pieces:
                    client.sendall(piece)
                if hang_up:
                    client.shutdown(socket.SHUT_WR)
            return final_status(client)

    def head(self, method: str, path: str, *headers: str) -> bytes:
        """Return the start of a request with the key and a JSON body."""
        usual = ("Host: x", f"Authorization: Bearer {KEY}", "Content-Type: application/json")
        return "\r\n".join((f"{method} {path} HTTP/1.1", *usual, *headers, "", "")).encode()

    def connected(self) -> closing[socket.socket]:
        return closing(socket.create_connection(("127.0.0.1", self.server.port), timeout=LIMIT))

    def has(self, path: str) -> bool:
        return self.server.get(path).status == 200


def final_status(client: socket.socket) -> int:
    """Return the status of the response after `100 Continue`; 0 if the server closes the connection."""
    with client.makefile("rb") as answer:
        try:
            while line := answer.readline():
                if line.startswith(b"HTTP/1.1 ") and not line.startswith(b"HTTP/1.1 100 "):
                    return int(line.split(b" ")[1])
        except ConnectionResetError:
            pass
        return 0


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def raw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raw]:
    """The application under each server; its log shows no failure at the end."""
    log: Path = tmp_path_factory.mktemp("log") / "server.log"
    variables = {"RENTOMATIC_API_KEYS": ENTRY.entry, "RENTOMATIC_THREADS": "8"}
    with ExitStack() as stack:
        if request.param == "granian":
            server = stack.enter_context(rentomatic("memory:", log, **variables))
        else:
            port = free_port()
            command = [
                sys.executable,
                "-m",
                "gunicorn",
                "--threads",
                "8",
                "-b",
                f"127.0.0.1:{port}",
                "wsgi:app",
            ]
            server = stack.enter_context(
                serving(command, port, log, {"DATABASE_URL": "memory:", **variables})
            )
        yield Raw(server)
        assert server.get("/health/live").status == 200
    assert "raceback" not in log.read_text()


def chunks(*parts: bytes) -> list[bytes]:
    return [b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b"")]


def room(code: str) -> bytes:
    return json.dumps({**A1, "code": code}).encode()


def test_a_body_may_arrive_in_pieces(raw: Raw) -> None:
    body = room("pieces")

    assert raw.put("/rooms/pieces", body[:10], body[10:], length=len(body)) == 201
    assert raw.has("/rooms/pieces")


def test_a_body_may_be_chunked(raw: Raw) -> None:
    body = room("chunks")

    assert raw.put("/rooms/chunks", *chunks(body[:10], body[10:]), headers=CHUNKED) == 201
    assert raw.has("/rooms/chunks")


def test_a_client_may_expect_100_continue(raw: Raw) -> None:
    body = room("expected")

    assert raw.put("/rooms/expected", body, length=len(body), headers={"Expect": "100-continue"}) == 201
    assert raw.has("/rooms/expected")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer other"}, 401),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "text/csv"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({}, 413),
        ({"Expect": "100-continue"}, 413),
    ],
)
def test_requests_refused_by_their_headers_get_a_response_before_the_body_arrives(
    raw: Raw, headers: dict[str, str], status: int
) -> None:
    assert status == raw.put("/rooms/a1", length=1_000_000_000, headers=headers)


def test_an_endless_body_is_read_only_up_to_the_limit(raw: Raw) -> None:
    block = b"10000\r\n" + b" " * 65_536 + b"\r\n"

    assert raw.put("/rooms/a1", *[block] * 5, headers=CHUNKED) in (413, 0)
    assert not raw.has("/rooms/a1")


@pytest.mark.parametrize("missing", [1, 10, 60_000])
def test_a_body_shorter_than_announced_changes_nothing(raw: Raw, missing: int) -> None:
    body = room("short")

    assert raw.put("/rooms/short", body, length=len(body) + missing, hang_up=True) in (400, 0)
    assert not raw.has("/rooms/short")


@pytest.mark.parametrize("end", [b"", b"40\r\n", b"zz\r\n", b"-1\r\n", b"ffffffffffffffffffff\r\n"])
def test_a_truncated_chunked_body_changes_nothing(raw: Raw, end: bytes) -> None:
    first, *_ = chunks(room("broken")[:-1])

    assert raw.put("/rooms/broken", first + end, hang_up=True, headers=CHUNKED) in (400, 0)
    assert not raw.has("/rooms/broken")


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_client_that_disconnects_midway_changes_nothing(raw: Raw, framing: str) -> None:
    head = raw.head("PUT", "/rooms/gone", framing)
    begun = b"3e8\r\n" if "chunked" in framing else b""
    with raw.connected() as client:
        client.sendall(head + begun + room("gone")[:-1])
        until(lambda: raw.server.under_way() == 1)
    until(lambda: raw.server.under_way() == 0)

    assert not raw.has("/rooms/gone")


@pytest.mark.parametrize("length", [None, 0])
def test_a_missing_body_is_a_400(raw: Raw, length: int | None) -> None:
    assert raw.put("/rooms/none", length=length) == 400


@pytest.mark.parametrize("length", ["x", "-1", "1_0", "", "+5", "99999999999999999999999"])
def test_an_invalid_content_length_is_refused(raw: Raw, length: str) -> None:
    body = room("length")

    assert raw.put("/rooms/length", body, hang_up=True, headers={"Content-Length": length or " "}) in (
        400,
        413,
        0,
    )
    assert not raw.has("/rooms/length")


def test_slow_writers_do_not_block_searches(raw: Raw) -> None:
    head = raw.head("PUT", "/rooms/slow", "Content-Length: 1000")
    with ExitStack() as stack:
        writers = [stack.enter_context(raw.connected()) for _ in range(4)]
        for writer in writers:
            writer.sendall(head)
        until(lambda: raw.server.under_way() == 4)
        searches = []
        for _ in range(10):
            for writer in writers:
                with suppress(OSError):  # refused
                    writer.sendall(b" ")
            searches += [raw.server.get("/rooms?limit=1").status for _ in range(3)]
            time.sleep(0.1)
        until(lambda: raw.server.under_way() == 2)
        turned_away = [writer for writer in writers if select.select([writer], [], [], 0)[0]]

    assert [200] * 30 == searches
    assert 2 == len(turned_away)
    until(lambda: raw.server.under_way() == 0)
    assert raw.put("/rooms/after", room("after"), length=len(room("after"))) == 201


def test_a_slow_body_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = room_body(patience=0.5)
    trickle = Trickle(b" " * 1000)
    environment = testing.create_environ(
        headers={"Content-Type": "application/json", "Content-Length": "1000"}
    )
    request = Request({**environment, "wsgi.input": trickle})
    turns = Turns(Tuning(threads=1), Metrics(Sources(repository=MemRepo())), NO_PROXIES)
    with pytest.raises(HTTPError) as refused:
        SmallBodies(accepted, turns, turns.lanes.bodies).read(request)

    assert str(refused.value.status).startswith("408")
    assert len(trickle.left) > 900


NO_ROOMS = [
    b"[" * 65_000,
    b'{"a":' * 13_000,
    b'{"price":' + b"9" * 65_000 + b"}",
    b'{"price":-0.' + b"9" * 65_000 + b"}",
    b'{"latitude":1e999,"longitude":NaN,"price":Infinity}',
    b'{"price":1,"price":2}',
    b'{"\\ud800":"\\udfff","code":"\\ud800"}',
    b'{"code":"\xed\xa0\x80"}',
    b"\xff\xfe\x00",
    b"\x00" * 1000,
    b"{" + b",".join(b'"%d":0' % number for number in range(7000)) + b"}",
    b'"' + b"a" * 65_000 + b'"',
    b" " * 65_536,
]


@pytest.mark.parametrize("body", NO_ROOMS, ids=lambda body: ascii(body[:20]))
def test_an_invalid_room_is_a_400(raw: Raw, body: bytes) -> None:
    assert raw.put("/rooms/none", body, length=len(body)) == 400
    assert raw.put("/rooms/none", *chunks(body), headers=CHUNKED) == 400


@pytest.mark.parametrize("body", NO_ROOMS, ids=lambda body: ascii(body[:20]))
@pytest.mark.parametrize(("method", "path"), [("POST", "/rooms"), ("PUT", "/rooms/a1")])
def test_faults_of_a_room_are_reported(method: str, path: str, body: bytes) -> None:
    answer = Editor(NoRepository()).send(method, path, body)

    problem = assert_problem(answer, 400, "urn:rentomatic:problem:document")
    assert all(error["path"].startswith("$") and error["message"] for error in problem["errors"])
    assert len(answer.content) < 5000


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
def test_json_is_recognised_by_its_media_type(kind: str) -> None:
    assert_problem(
        Editor(NoRepository()).send("PUT", "/rooms/a1", {}, Content_Type=kind),
        400,
        "urn:rentomatic:problem:document",
    )


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/geo+json", "application/json; charset=latin-1", "json", ";", "a/b/c"],
)
def test_another_media_type_is_a_415_that_names_the_right_one(kind: str) -> None:
    answer = Editor(NoRepository()).send("PUT", "/rooms/a1", b"{}", Content_Type=kind)

    assert_problem(answer, 415)
    assert answer.headers["accept"] == "application/json"


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
def test_a_compressed_body_is_a_415(coding: str) -> None:
    answer = Editor(NoRepository()).send("PUT", "/rooms/a1", b"{}", Content_Encoding=coding)

    assert_problem(answer, 415)
    assert answer.headers["accept-encoding"] == "identity"


def test_a_body_beyond_the_limit_is_a_413() -> None:
    editor = Editor(NoRepository())

    assert_problem(editor.send("PUT", "/rooms/a1", b" " * TOO_LONG), 413)
    assert_problem(
        editor.send("PUT", "/rooms/a1", b" " * (TOO_LONG - 1)), 400, "urn:rentomatic:problem:document"
    )
