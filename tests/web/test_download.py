"""Exports and their places at the gate, whatever becomes of the temporary file."""

import errno
from pathlib import Path
from typing import IO, Any

import pytest
from falcon import Request, Response, testing

from rentomatic.repository.memory import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.web.app import create_app
from rentomatic.web.download import Download
from rentomatic.web.gate import Gate, Overloaded
from tests.servers import limit_files, rentomatic
from tests.web.conftest import get
from tests.web.test_serving import workers

EXPORT = "/rooms?format=ndjson"


@pytest.fixture
def gate() -> Gate:
    return Gate(1, patience=0)


class BrokenAtTheEnd:
    """Middleware that fails after the answer was made."""

    def process_response(self, req: Request, resp: Response, resource: object, succeeded: bool) -> None:
        if req.get_header("X-Break"):
            raise ZeroDivisionError


def test_only_so_many_exports_are_made_at_a_time(gate: Gate) -> None:
    first = Download(gate, 60)
    first.file.write(b"x" * 100_000)
    with pytest.raises(Overloaded):
        Download(gate, 60)

    assert 100_000 == first.rewind()
    assert b"x" * 100_000 == b"".join(first)
    first.close()
    first.close()  # a server may close twice

    Download(gate, 60).close()
    gate.enter()
    with pytest.raises(Overloaded):
        gate.enter()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_file_that_cannot_be_closed_gives_its_place_back(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> IO[bytes]:
        return Path("/dev/full").open("wb")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", full)
    download = Download(gate, 60)
    download.file.write(b"x")
    with pytest.raises(OSError, match=rf"\[Errno {errno.ENOSPC}\]"):
        download.rewind()

    download.close()

    Download(gate, 60).close()


def test_file_that_cannot_be_made_takes_no_place(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: Any) -> IO[bytes]:
        raise OSError(errno.EMFILE, "too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.SpooledTemporaryFile", refused)
        with pytest.raises(OSError, match="too many"):
            Download(gate, 60)

    Download(gate, 60).close()


def test_export_that_fails_after_it_was_made_gives_its_place_back() -> None:
    app = create_app(MemRepo(FIRST_ROOMS))
    app.add_middleware(BrokenAtTheEnd())
    client = testing.TestClient(app)

    broken = [get(client, EXPORT, X_Break="1").status_code for _ in range(3)]

    assert ([500] * 3, 200) == (broken, get(client, EXPORT).status_code)


@pytest.mark.parametrize("kind", ["granian", "gunicorn"])
def test_export_whose_last_byte_meets_a_full_disk_is_refused_and_the_next_one_works(
    database: str, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    variables = {"RENTOMATIC_SERVER": kind, "TMPDIR": str(folder)}
    with rentomatic(database, tmp_path / "log", **variables) as server:
        whole = server.get(EXPORT)
        processes = workers(server)
        if not limit_files(processes, len(whole.body) - 1):
            pytest.skip("needs prlimit(2)")
        refused = [server.get(EXPORT) for _ in range(4)]
        limit_files(processes, None)
        again = server.get(EXPORT)

    assert [(503, "Not enough disk space for the export.")] * 4 == [
        (answer.status, answer.json["detail"]) for answer in refused
    ]
    assert (200, whole.body) == (again.status, again.body)
