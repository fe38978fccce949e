"""Photos in forms that staff send to real servers: in constant memory, and all or nothing."""

import http.client
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.settings import Scope
from rentomatic.web.pages.new_photos import LARGEST, MOST
from tests.servers import Answer, Server, rentomatic
from tests.waiting import until
from tests.web.api.test_imports_on_servers import begin, memory
from tests.web.conftest import key_of
from tests.web.http.test_pictures import picture
from tests.web.pages.test_staff_rooms import B2
from tests.web.staff import FROM_HERE, MULTIPART, File, multipart

KEY, ENTRY = key_of("anna", Scope.WRITE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photo folder, beside all else that the server writes."""
    folder = tmp_path_factory.mktemp("photos") / "photos"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def server(request: pytest.FixtureRequest, folder: Path) -> Iterator[Server]:
    database = folder.with_name(f"{request.param}.db")
    upgrade_sqlite(database)
    variables = {
        "RENTOMATIC_SERVER": request.param,
        "RENTOMATIC_API_KEYS": ENTRY.entry,
        "RENTOMATIC_PHOTOS": str(folder),
        "TMPDIR": str(folder.parent),
    }
    with rentomatic(f"sqlite:///{database}", folder.with_name("log"), **variables) as running:
        yield running


def head(length: int, **more: str) -> dict[str, str]:
    given = {"Cookie": f"rentomatic_key={KEY}", "Content-Type": MULTIPART, "Content-Length": str(length)}
    return {**given, **FROM_HERE, "Accept": "text/html", **more}


def upload(server: Server, code: str, *files: File, **headers: str) -> Answer:
    body = multipart({**B2, "code": code}, files)
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
        connection.request("POST", "/staff/add", body, head(len(body), **headers))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_large_files_use_constant_memory(server: Server) -> None:
    upload(server, "first", ("one.jpg", picture()))
    for pid in server.processes():
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # resets VmHWM, see proc(5)
    before = memory(server, "VmRSS")
    padded = [(f"{n}.jpg", picture(size=(100 + n, 40)).ljust(LARGEST, b"x")) for n in range(MOST)]
    answer = upload(server, "large", *padded)

    assert 303 == answer.status
    assert MOST == len(server.get("/rooms/large").json["photos"])
    assert memory(server, "VmHWM") - before < 40


def test_interrupted_form_saves_nothing_and_frees_everything(server: Server, folder: Path) -> None:
    there = list(folder.iterdir())
    body = multipart({**B2, "code": "cut"}, [("one.jpg", picture(size=(90, 90)).ljust(1_000_000, b"x"))])
    begin(server, head(len(body)), body[:-5], "/staff/add").close()
    until(lambda: server.under_way() == 0)

    assert there == list(folder.iterdir())
    assert 404 == server.get("/rooms/cut").status


def test_fields_of_a_stranger_are_kept_and_photos_are_not(server: Server, folder: Path) -> None:
    there = list(folder.iterdir())
    files = [(f"{n}.jpg", picture(size=(200 + n, 40)).ljust(100_000, b"x")) for n in range(MOST)]
    answer = upload(server, "strange", *files, Cookie="")

    assert 403 == answer.status
    assert b'value="strange"' in answer.body
    assert b"Photos were not kept: choose them again." in answer.body
    assert there == list(folder.iterdir())
