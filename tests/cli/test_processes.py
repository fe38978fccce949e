"""The command as a separate process: pipes, terminals, signals, full disks."""

import fcntl
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from contextlib import closing
from pathlib import Path

import pytest

from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import csv
from tests.builders import CSV_HEADER, make_room
from tests.cli.conftest import Storage

COMMAND = [sys.executable, "-m", "rentomatic"]
LIMIT = 60
"""Seconds after which a process is given up."""

HEADER = b"code,size,price,latitude,longitude\n"


def process(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )


def on_a_terminal(*arguments: str, columns: int = 80) -> str:
    """Return what a command shows on a terminal of that width."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(
        [*COMMAND, *arguments], env=environment, stdin=end, stdout=end, stderr=end
    ) as running:
        os.close(end)
        shown = b"".join(iter(lambda: read(terminal), b""))
        assert running.wait(LIMIT) == 0
    os.close(terminal)
    return shown.decode()


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux reports that the other end is closed
        return b""


def plain(shown: str) -> str:
    """The text without colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r\n", "\n")


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--version", 0),
        ("search prize__lt=1", 2),
        ("show other", 3),
        ("import nowhere.csv", 2),
    ],
)
def test_the_process_ends_with_the_exit_code(line: str, code: int) -> None:
    done = process(*line.split())

    assert code == done.returncode
    assert (code == 0, code != 0) == (bool(done.stdout), bool(done.stderr))


def test_an_unreachable_storage_ends_the_process_with_4(tmp_path: Path) -> None:
    done = process("search", DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/rooms.db")

    assert (done.returncode, done.stdout) == (4, b"")


@pytest.mark.parametrize("arguments", [["search"], ["--help"]], ids=" ".join)
def test_using_a_file_loads_no_code_for_servers_and_migrations(
    storage: Storage, arguments: list[str]
) -> None:
    storage.put(make_room())
    program = (
        f"import sys; from rentomatic.cli.main import run; run({arguments}); "
        "print({'psycopg', 'pymongo', 'alembic', 'sqlalchemy', 'granian', 'prometheus_client', 'falcon',"
        " 'jinja2', 'babel'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=LIMIT, check=True)

    assert done.stdout.endswith(b"\nset()\n")


def test_worker_loads_no_code_for_the_command_line_and_migrations(storage: Storage) -> None:
    storage.put(make_room())
    program = (
        "import sys; from rentomatic.bootstrap import application; application(); "
        "print({'alembic', 'sqlalchemy', 'rich', 'click', 'psycopg', 'pymongo', 'granian', 'babel'}"
        " & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=LIMIT, check=True)

    assert b"set()\n" == done.stdout


def test_standard_input_can_be_imported(storage: Storage) -> None:
    done = process("import", "-", stdin=HEADER + b"a1,20,60,51.5,-0.12\n")

    expected = b"1 added, 0 replaced, 0 unchanged, 0 skipped, 0 refused.\n"
    assert (0, expected) == (done.returncode, done.stdout)
    assert done.stderr.startswith(b"Storage: rooms.db\nColumns: 'code', 'size'")
    assert [make_room()] == storage.rooms()


def test_a_pipe_that_closes_early_is_not_an_error(storage: Storage) -> None:
    storage.put_all(sample_rooms(5000))

    with subprocess.Popen([*COMMAND, "export"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        first = running.stdout.readline()
        running.stdout.close()
        errors = running.stderr.read()
        running.wait(LIMIT)

    assert (first, errors) == (f"{CSV_HEADER}\r\n".encode(), b"")


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("arguments", [["search"], ["sample", "--count", "3"], ["summary"]], ids=" ".join)
def test_a_short_unread_output_is_not_an_error(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, timeout=LIMIT, check=False
    )

    os.close(writing)
    assert done.stderr == b""


def test_progress_is_shown_on_a_terminal(storage: Storage) -> None:
    rooms = [make_room(code=f"r{number:04}") for number in range(3000)]
    Path("rooms.csv").write_bytes(b"".join(csv.write(rooms)))

    shown = on_a_terminal("import", "rooms.csv")

    size = Path("rooms.csv").stat().st_size / 1000
    assert "━━━━" in shown
    assert f"{size:.1f}/{size:.1f} kB" in plain(shown)
    assert rooms == storage.rooms()


def test_a_copy_counts_its_rooms_on_a_terminal(storage: Storage) -> None:
    storage.put_all(sample_rooms(3000))

    shown = plain(on_a_terminal("copy", "sqlite:///rooms.db", "sqlite:///copy.db"))

    assert "3,000 rooms copied" in shown
    assert "3,000 rooms compared" in shown


def test_a_migration_counts_the_rooms_whose_words_it_stores_on_a_terminal(storage: Storage) -> None:
    storage.put_all(make_room(code=f"r{n}", title="Quiet") for n in range(30))
    with closing(sqlite3.connect(storage.path)) as file, file:
        file.execute("UPDATE room SET words = NULL")

    shown, again = (plain(on_a_terminal("migrate")) for _ in range(2))

    assert "30 rooms read for searches by words" in shown
    assert "rooms read" not in again


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_codes_and_cursors_are_not_shortened_on_a_terminal(storage: Storage, columns: int) -> None:
    storage.put_all(sample_rooms(4))

    shown = plain(
        on_a_terminal("search", "--near", "51.500001234,-0.120001234", "--limit", "3", columns=columns)
    )

    codes = [room.code for room in sample_rooms(4) if room.code in shown]
    assert len(codes) == 3
    assert re.search(r"^Next page: --cursor [\w-]{100,}\n$", shown, re.MULTILINE)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("command", ["search", "summary"])
def test_output_in_an_old_encoding_is_simplified_without_an_error(
    storage: Storage, command: str, encoding: str
) -> None:
    storage.put(make_room(), make_room(code="b2", price=100))

    done = process(command, PYTHONIOENCODING=encoding)

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_leaves_only_the_old_file(storage: Storage, tmp_path: Path) -> None:
    storage.put_all(sample_rooms(10_000))
    target = tmp_path / "out" / "rooms.csv"
    target.parent.mkdir()
    target.write_text("old", encoding="utf-8")

    # A limit on the size of files simulates a full disk.
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *COMMAND, "export", "--yes", "-o", str(target)],
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: ")
    assert b"Traceback" not in done.stderr
    assert [target] == list(target.parent.iterdir())
    assert target.read_text(encoding="utf-8") == "old"


def start_import(rooms: int, **environment: str) -> subprocess.Popen[bytes]:
    """Start an import that has read `rooms` rooms from its standard input, which is still open."""
    running = subprocess.Popen(
        [*COMMAND, "import", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert running.stdin
    running.stdin.write(HEADER)
    running.stdin.writelines(b"new-%032d,20,60,51.5,-0.12\n" % number for number in range(rooms))
    running.stdin.flush()  # returns when everything was read except what the pipe holds
    return running


def is_being_written(storage: Storage) -> bool:
    """Whether a process is in the middle of writing."""
    connection = sqlite3.connect(storage.path, timeout=0, isolation_level=None)
    end = time.monotonic() + LIMIT
    try:
        while time.monotonic() < end:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            time.sleep(0.01)
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    finally:
        connection.close()
    return False


@pytest.mark.parametrize("writes", [False, True], ids=["while it reads", "while it writes"])
def test_a_killed_large_import_changes_nothing(storage: Storage, tmp_path: Path, writes: bool) -> None:
    before = sorted(sample_rooms(1000), key=lambda room: room.code)
    storage.put_all(before[1:])
    folder = tmp_path / "temporary"
    folder.mkdir()

    with start_import(30_000, TMPDIR=str(folder)) as running:
        storage.put(before[0])  # others can write while it reads
        if writes:
            assert running.stdin
            running.stdin.close()
            assert is_being_written(storage)
        running.send_signal(signal.SIGKILL)

    assert running.returncode == -signal.SIGKILL
    assert before == storage.rooms()
    assert whole(storage)
    assert [] == list(folder.iterdir())
    assert process("import", "-", stdin=HEADER + b"a1,20,60,51.5,-0.12\n").returncode == 0
    assert len(storage.rooms()) == 1001


def test_an_import_without_disk_space_for_its_temporary_file_says_so(storage: Storage) -> None:
    listing = HEADER + b"".join(b"new-%032d,20,60,51.5,-0.12\n" % number for number in range(60_000))

    # A limit on the size of files simulates a full disk.
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *COMMAND, "import", "-"],
        input=listing,
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )

    assert 4 == done.returncode
    assert done.stderr.startswith(b"Storage: rooms.db\nError: Not enough disk space for temporary files.")
    assert [] == storage.rooms()


def test_an_import_killed_during_commit_is_applied_whole_or_not_at_all(storage: Storage) -> None:
    storage.put(make_room(code="old"))
    log = storage.path.with_name("rooms.db-wal")

    with start_import(30_000) as running:
        assert running.stdin
        running.stdin.close()
        while running.poll() is None and not (log.exists() and log.stat().st_size):
            time.sleep(0.001)
        running.send_signal(signal.SIGKILL)

    assert len(storage.rooms()) in (1, 30_001)
    assert whole(storage)


def whole(storage: Storage) -> bool:
    """Whether SQLite finds table, indexes and R*Tree intact."""
    connection = sqlite3.connect(storage.path)
    checks = [
        *connection.execute("PRAGMA integrity_check"),
        *connection.execute("SELECT rtreecheck('room_place')"),
    ]
    connection.close()
    return checks == [("ok",), ("ok",)]


def test_an_interrupted_import_says_so_and_changes_nothing(storage: Storage) -> None:
    storage.put(make_room(code="old"))

    with start_import(5000) as running:
        running.send_signal(signal.SIGINT)
        assert running.stderr
        errors = running.stderr.read()

    assert (130, [b"Storage: rooms.db", b"", b"Interrupted."]) == (running.returncode, errors.splitlines())
    assert [make_room(code="old")] == storage.rooms()
