"""Uploads by staff on real servers: in constant memory, and all or nothing."""

import http.client
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers import Answer, Server
from tests.waiting import until
from tests.web.api.test_imports_on_servers import (
    HEADER,
    KEY,
    LINE,
    begin,
    memory,
    rooms_in,
    server,
)
from tests.web.pages.test_staff_import import multipart
from tests.web.staff import FROM_HERE, MULTIPART

__all__ = ["server"]  # a fixture


def head(length: int) -> dict[str, str]:
    cookie = {"Cookie": f"rentomatic_key={KEY}", "Content-Type": MULTIPART, "Content-Length": str(length)}
    return {**cookie, **FROM_HERE, "Accept": "text/html"}


def upload(server: Server, content: bytes) -> Answer:
    body = multipart({"act": "import"}, content)
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
        connection.request("POST", "/staff/import", body, head(len(body)))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_large_upload_uses_constant_memory(server: Server) -> None:
    upload(server, HEADER + LINE % 0)
    there = rooms_in(server)
    for pid in server.processes():
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # resets VmHWM, see proc(5)
    before = memory(server, "VmRSS")
    answer = upload(server, HEADER + b"".join(LINE % number for number in range(1, 30_000)))

    assert 200 == answer.status
    assert there + 29_999 == rooms_in(server)
    assert memory(server, "VmHWM") - before < 30


def test_an_interrupted_upload_frees_everything(server: Server) -> None:
    before = rooms_in(server)
    body = multipart({"act": "import"}, HEADER + LINE % 70_000_000)
    begin(server, head(len(body)), body[:-5], "/staff/import").close()
    until(lambda: server.under_way() == 0)

    assert before == rooms_in(server)
    assert 200 == upload(server, HEADER + LINE % 70_000_001).status


def test_an_upload_without_a_session_is_refused_before_the_file_is_sent(server: Server) -> None:
    stranger = {**head(1 << 29), "Cookie": "rentomatic_key=rom_other", "Expect": "100-continue"}
    with closing(begin(server, stranger, target="/staff/import")) as client, client.makefile("rb") as answer:
        statuses = [line.split()[1] for line in answer if line.startswith(b"HTTP/1.1")]

    assert b"403" == statuses[-1]
