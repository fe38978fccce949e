"""The audit file keeps every write, whatever happens to the process, its log and the file itself."""

import json
import logging
import multiprocessing
import stat
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.settings import Scope
from rentomatic.web.telemetry.logs import AppendingHandler, JsonFormatter, append_line
from tests.servers import Server, free_port, rentomatic
from tests.web.conftest import key_of

WRITER, WRITER_ENTRY = key_of("writer", Scope.WRITE)
FULL = Path("/dev/full")
"""A file on a full disk."""


@contextmanager
def server(folder: Path, audit_log: Path) -> Iterator[Server]:
    """A server of two processes over a new SQLite file."""
    upgrade_sqlite(folder / "rooms.db")
    variables = {
        "RENTOMATIC_API_KEYS": WRITER_ENTRY.entry,
        "RENTOMATIC_AUDIT_LOG": str(audit_log),
        "RENTOMATIC_WORKERS": "2",
    }
    with rentomatic(f"sqlite:///{folder}/rooms.db", folder / "log", **variables) as running:
        yield running


def put(server: Server, code: str, key: str = WRITER, path: str = "/rooms") -> int:
    """Return the status of adding a room."""
    room = {"code": code, "size": 20, "price": 60, "latitude": 51.5, "longitude": -0.1}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(server.url + path, json.dumps(room).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def codes(path: Path) -> list[str]:
    return [line["code"] for line in lines(path)]


def test_audit_lines_survive_a_restart_and_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with server(tmp_path, log) as running:
        first = put(running, "first")
    with server(tmp_path, log) as running:
        second = put(running, "second")
        log.rename(rotated := tmp_path / "audit.jsonl.1")
        rest = [put(running, f"later-{number}") for number in range(8)]

    assert {201} == {first, second, *rest}
    assert ["first", "second"] == codes(rotated)
    assert {f"later-{number}" for number in range(8)} == set(codes(log))
    assert 0o600 == stat.S_IMODE(log.stat().st_mode)
    assert ("rentomatic.audit", "writer", "add", None, "second") == tuple(
        lines(rotated)[1][name] if name != "new" else lines(rotated)[1]["new"]["code"]
        for name in ("logger", "key", "act", "old", "new")
    )


def test_only_denials_of_known_keys_are_kept(tmp_path: Path) -> None:
    """Strangers can be refused any number of times."""
    log = tmp_path / "audit.jsonl"
    with server(tmp_path, log) as running:
        statuses = [put(running, "one", key="rom_guess"), put(running, "one", path="/rooms/import")]
        told = running.log.read_text().count('"logger":"rentomatic.keys"')

    assert [401, 403] == statuses
    assert [("writer", "denied", "insufficient-scope")] == [
        (line["key"], line["act"], line["reason"]) for line in lines(log)
    ]
    assert 2 == told


def test_a_full_disk_stops_no_write_and_loses_no_log_line(tmp_path: Path) -> None:
    with server(tmp_path, FULL) as running:
        statuses = {put(running, f"room-{number}") for number in range(8)}
        log = [json.loads(line) for line in running.log.read_text().splitlines() if line.startswith("{")]
    errors = [line for line in log if line["level"] == "error"]

    assert {201} == statuses
    assert 8 == sum(line["logger"] == "rentomatic.audit" for line in log)
    assert {("/dev/full", "No space left on device")} == {(line["path"], line["error"]) for line in errors}
    assert len(errors) <= 2  # one from each process


def test_an_unwritable_file_stops_the_start(tmp_path: Path) -> None:
    upgrade_sqlite(tmp_path / "rooms.db")
    missing = tmp_path / "nowhere" / "audit.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "rentomatic", "serve", "--port", str(free_port())],
        env={"DATABASE_URL": f"sqlite:///{tmp_path}/rooms.db", "RENTOMATIC_AUDIT_LOG": str(missing)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 2 == done.returncode
    assert f"RENTOMATIC_AUDIT_LOG: names {missing}, which cannot be written: No such file" in done.stderr


def test_repeated_failures_after_a_success_are_logged_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "logs"
    handler = AppendingHandler(folder / "audit.jsonl")
    handler.setFormatter(JsonFormatter())
    record = logging.makeLogRecord({"name": "rentomatic.audit", "msg": "add"})

    for exists in (False, False, True, False):
        if exists:
            folder.mkdir()
        elif folder.exists():
            folder.rename(tmp_path / "elsewhere")
        handler.handle(record)

    assert ["Cannot write the audit log."] * 2 == [error.message for error in caplog.records]
    assert ["add"] == [line["message"] for line in lines(tmp_path / "elsewhere" / "audit.jsonl")]


def test_a_line_after_a_truncated_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"code":"whole"}\n{"code":"cut o')
    for code in ("next", "last"):
        append_line(path, json.dumps({"code": code}))

    assert ['{"code":"whole"}', '{"code":"cut o', '{"code": "next"}', '{"code": "last"}'] == (
        path.read_text().splitlines()
    )


def test_processes_that_share_the_file_write_complete_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    writers = [multiprocessing.Process(target=append_many, args=(path, mark)) for mark in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    assert [0, 0, 0] == [writer.exitcode for writer in writers]
    assert {mark * 40_000: 200 for mark in "abc"} == Counter(filter(None, path.read_text().splitlines()))


def append_many(path: Path, mark: str) -> None:
    for _ in range(200):
        append_line(path, mark * 40_000)
