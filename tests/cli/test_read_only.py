"""A read-only SQLite file: searched, exported, backed up and served, but never written to."""

import http.client
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from rentomatic.domain.search import RoomQuery
from rentomatic.repository.sqlite import files
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.settings import Scope
from rentomatic.use_cases.errors import RepositoryUnavailable
from tests.builders import make_room
from tests.cli.conftest import MANY_ROOMS
from tests.permissions import require_permissions, run_bound
from tests.servers import Answer, Server, free_port, serving
from tests.web.conftest import key_of

KEY, ENTRY = key_of("staff", Scope.WRITE)

LAUNCH = (
    "import os, sys; from tests.permissions import bound_by_permissions; "
    "bound_by_permissions(); os.execv(sys.executable, [sys.executable, '-m', 'rentomatic', *sys.argv[1:]])"
)


@pytest.fixture
def path(rooms_file: Path, tmp_path: Path) -> Path:
    """A file with `MANY_ROOMS`, in a folder of its own."""
    folder = tmp_path / "rooms"
    folder.mkdir()
    return Path(shutil.copy(rooms_file, folder / "rooms.db"))


@pytest.fixture
def read_only(path: Path) -> Iterator[Path]:
    """The same file; neither it nor its folder can be written to."""
    require_permissions()
    forbid_writing(path)
    yield path
    path.parent.chmod(0o755)  # so that it can be removed


def forbid_writing(path: Path) -> None:
    for each in (*path.parent.iterdir(), path.parent):
        each.chmod(0o555 if each.is_dir() else 0o444)


def run(path: Path, *arguments: str, stdin: bytes = b"") -> CompletedProcess[str]:
    backups = str(path.parent.parent / "backups")
    variables = {"DATABASE_URL": f"sqlite:///{path}", "RENTOMATIC_BACKUP_DIRECTORY": backups}
    return run_bound(*arguments, variables=variables, stdin=stdin)


def codes(done: CompletedProcess[str]) -> list[str]:
    assert (done.returncode, done.stderr) == (0, "")
    return [line.partition(",")[0] for line in done.stdout.splitlines()[1:]]


def test_a_read_only_file_can_be_searched_and_exported(read_only: Path) -> None:
    found = run(read_only, "search", "--limit", "3", "--format", "csv")
    exported = run(read_only, "export")
    summary = run(read_only, "summary", "--format", "json")

    assert [room.code for room in MANY_ROOMS[:3]] == [
        line.partition(",")[0] for line in found.stdout.splitlines()[1:]
    ]
    assert [room.code for room in MANY_ROOMS] == codes(exported)
    assert '"count":1200' in summary.stdout
    assert ["rooms.db"] == [each.name for each in read_only.parent.iterdir()]


def test_a_read_only_file_can_be_backed_up(read_only: Path) -> None:
    done = run(read_only, "backup", "--verify")

    assert (0, f"Storage: {read_only}\n") == (done.returncode, done.stderr)
    assert "1,200 rooms" in done.stdout
    assert "Both contain the same rooms." in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "--price", "3", "--latitude", "1", "--longitude", "1"],
        ["remove", MANY_ROOMS[0].code, "--yes"],
        ["import", "-"],
    ],
    ids=["add", "remove", "import"],
)
def test_writing_to_a_read_only_file_is_refused(read_only: Path, arguments: list[str]) -> None:
    before = read_only.read_bytes()

    done = run(read_only, *arguments, stdin=b"code,price,latitude,longitude\na1,1,2,3\n")

    assert (1, "") == (done.returncode, done.stdout)
    refused = f"Error: The storage is read-only: nothing was changed. ({read_only})\n"
    assert done.stderr == f"Storage: {read_only}\n{refused}"
    assert before == read_only.read_bytes()


def test_doctor_says_that_a_file_is_read_only(read_only: Path) -> None:
    done = run(read_only, "doctor", "--format", "json")

    assert done.returncode == 0
    assert '"found": "the file is read-only: its rooms can be searched, but not changed"' in done.stdout


def test_readers_see_what_the_owner_writes(path: Path) -> None:
    require_permissions()
    with closing(SqliteRepo(path, SQLITE_REVISION)) as owner:
        owner.swap(None, make_room(code="0-new"))  # its connection stays open, and so the log stays
        forbid_writing(path)
        first = codes(run(path, "export"))
        owner.load([make_room(code="0--newer")])
        second = codes(run(path, "export"))
    third = codes(run(path, "export"))
    path.parent.chmod(0o755)

    assert ["0-new", len(MANY_ROOMS) + 1] == [first[0], len(first)]
    assert ["0--newer", "0-new", len(MANY_ROOMS) + 2] == [*second[:2], len(second)]
    assert second == third


def test_changes_that_are_only_in_the_log_are_never_missed(path: Path, tmp_path: Path) -> None:
    require_permissions()
    copied = tmp_path / "copied"
    copied.mkdir()
    with closing(SqliteRepo(path, SQLITE_REVISION)) as owner:
        owner.swap(None, make_room(code="0-new"))  # its connection stays open, and so the log stays
        for name in ("rooms.db", "rooms.db-wal"):
            shutil.copy(path.with_name(name), copied)
    forbid_writing(copied / "rooms.db")
    refused = run(copied / "rooms.db", "search")
    copied.chmod(0o755)
    (copied / "rooms.db").chmod(0o644)
    (copied / "rooms.db-wal").chmod(0o644)
    allowed = run(copied / "rooms.db", "export")

    assert 4 == refused.returncode
    assert "log of changes (-wal) that cannot be read without permission to write" in refused.stderr
    assert "0-new" == codes(allowed)[0]


def test_a_server_on_a_read_only_file_refuses_writes_until_they_are_allowed(
    read_only: Path, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-c", LAUNCH, "serve", "--port", str(port)]
    variables = {"DATABASE_URL": f"sqlite:///{read_only}", "RENTOMATIC_API_KEYS": ENTRY.entry}
    with serving(command, port, tmp_path / "log", variables) as server:
        read, ready = server.get("/rooms?limit=1"), server.get("/health/ready")
        refused = post(server)
        read_only.parent.chmod(0o755)
        read_only.chmod(0o644)
        done = post(server)
        found = server.get("/rooms/0-new")

    assert ((200, MANY_ROOMS[0].code), 200) == ((read.status, read.json[0]["code"]), ready.status)
    problem = "urn:rentomatic:problem:read-only"
    assert (403, problem, None) == (refused.status, refused.json["type"], refused.headers.get("Retry-After"))
    assert (201, 200) == (done.status, found.status)


def post(server: Server) -> Answer:
    body = b'{"code": "0-new", "price": 3, "latitude": 1, "longitude": 1}'
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("POST", "/rooms", body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())


def test_a_file_that_changes_during_a_read_never_gives_mixed_results(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = files._connected

    def only_reading(path: Path, how: str) -> sqlite3.Connection:
        if how == "mode=rw":
            error = sqlite3.OperationalError("attempt to write a readonly database")
            error.sqlite_errorname = "SQLITE_READONLY_DIRECTORY"
            raise error
        return connected(path, how)

    with (
        closing(SqliteRepo(path, SQLITE_REVISION)) as owner,
        closing(SqliteRepo(path, SQLITE_REVISION)) as other,
    ):
        owner.ping()
        monkeypatch.setattr(files, "_connected", only_reading)
        with pytest.raises(RepositoryUnavailable, match="changed while it was being read"):  # noqa: SIM117
            with other.stream(RoomQuery()) as rooms:
                next(rooms)
                owner.swap(None, make_room(code="0-new"))  # its connection stays open, and so the log stays
                owner.close()  # which checkpoints the log
                list(rooms)

        assert other.get("0-new") == make_room(code="0-new")
