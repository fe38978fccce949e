"""Exports and their places, whatever happens to the temporary file."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from falcon import Request, Response, testing

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.web.app import create_app
from rentomatic.web.http.download import _IN_MEMORY, Download
from tests.servers import limit_files, rentomatic
from tests.web.conftest import get

EXPORT = "/rooms?format=ndjson"
OF_SOME = f"{EXPORT}&filter_price__lt=50"


class Place:
    """A place that may be freed once."""

    def __init__(self) -> None:
        self.given_back = 0

    def leave(self) -> None:
        self.given_back += 1


class BrokenAtTheEnd:
    """Middleware that fails after the response was created."""

    def process_response(self, req: Request, resp: Response, resource: object, succeeded: bool) -> None:
        if req.get_header("X-Break"):
            raise ZeroDivisionError


def test_a_closed_export_frees_its_place_once() -> None:
    place = Place()
    download = Download(place.leave, 60)
    download.file.write(b"x" * 100_000)

    assert 100_000 == download.rewind()
    assert b"x" * 100_000 == b"".join(download)
    assert 0 == place.given_back

    download.close()
    download.close()  # a server may close it twice

    assert 1 == place.given_back


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_export_that_cannot_be_closed_frees_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> IO[bytes]:
        return Path("/dev/full").open("wb")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", full)
    place = Place()
    download = Download(place.leave, 60)
    download.file.write(b"x")
    with pytest.raises(OSError, match=rf"\[Errno {errno.ENOSPC}\]"):
        download.rewind()

    download.close()

    assert 1 == place.given_back


def test_an_export_whose_file_cannot_be_created_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: Any) -> IO[bytes]:
        raise OSError(errno.EMFILE, "too many open files")

    place = Place()
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", refused)
    with pytest.raises(OSError, match="too many"):
        Download(place.leave, 60)

    assert 1 == place.given_back


def test_an_export_that_fails_after_creation_frees_its_place() -> None:
    app = create_app(MemRepo(FIRST_ROOMS))
    app.add_middleware(BrokenAtTheEnd())
    client = testing.TestClient(app)

    broken = [get(client, EXPORT, X_Break="1").status_code for _ in range(3)]

    assert ([500] * 3, 200) == (broken, get(client, EXPORT).status_code)


class Noted(MemRepo):
    """Records the codes of the rooms that an export reads."""

    def __init__(self, rooms: Iterable[Room], read: list[str]) -> None:
        super().__init__(rooms)
        self.read = read

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        with super().stream(query, within) as rooms:
            yield map(self._note, rooms)

    def _note(self, room: Room) -> Room:
        self.read.append(room.code)
        return room


class GoneClient:
    """A client that has closed its connection."""

    def __init__(self, req: Request) -> None:
        pass

    def is_gone(self) -> bool:
        return True


def test_an_export_stops_when_its_client_goes_away() -> None:
    read: list[str] = []
    client = testing.TestClient(create_app(Noted(FIRST_ROOMS, read)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rentomatic.web.api.rooms.Client", GoneClient)
        patch.setattr("rentomatic.web.limits.client._SECONDS_BETWEEN_LOOKS", 0.0)

        lost = [get(client, EXPORT).status_code for _ in range(3)]

    assert [400] * 3 == lost
    assert [min(room.code for room in FIRST_ROOMS)] * 3 == read
    assert 200 == get(client, EXPORT).status_code


def test_head_of_an_export_writes_no_file() -> None:
    read: list[str] = []
    client = testing.TestClient(create_app(Noted(FIRST_ROOMS, read)))

    head = client.simulate_head(EXPORT)

    assert (200, "application/x-ndjson") == (head.status_code, head.headers["content-type"])
    assert 'attachment; filename="rooms.ndjson"' == head.headers["content-disposition"]
    assert [] == read


@pytest.mark.parametrize("kind", ["granian", "gunicorn"])
def test_an_export_that_fills_the_disk_with_its_last_byte_is_refused_and_the_next_one_works(
    database: str, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    variables = {"RENTOMATIC_SERVER": kind, "TMPDIR": str(folder)}
    with rentomatic(database, tmp_path / "log", **variables) as server:
        whole = server.get(OF_SOME)
        processes = server.workers()
        if not limit_files(processes, len(whole.body) - 1):
            pytest.skip("needs prlimit(2)")
        refused = [server.get(OF_SOME) for _ in range(3)]
        limit_files(processes, None)
        again = server.get(OF_SOME)

    assert len(whole.body) > _IN_MEMORY
    assert [(503, "Not enough disk space for the export.")] * 3 == [
        (answer.status, answer.json["detail"]) for answer in refused
    ]
    assert (200, whole.body) == (again.status, again.body)
