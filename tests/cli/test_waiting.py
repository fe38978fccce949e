"""`serve` while its storage is not available yet."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from rentomatic.cli.waiting import retry
from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.use_cases.errors import RepositoryUnavailable
from tests.servers import ROOT, STOP_TIMEOUT, free_port, serving


def command(port: int) -> list[str]:
    return [sys.executable, "-m", "rentomatic", "serve", "--port", str(port)]


def variables(path: Path, seconds: str) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{path}", "RENTOMATIC_START_TIMEOUT": seconds}


def test_a_storage_that_becomes_available_during_the_start_is_served(tmp_path: Path) -> None:
    folder, port = tmp_path / "later", free_port()
    finished = tmp_path / "rooms.db"
    upgrade_sqlite(finished)
    with closing(SqliteRepo(finished, SQLITE_REVISION)):
        pass
    log = tmp_path / "log"
    script = (
        f"for _ in $(seq 300); do grep -qs Waiting {log} && break; sleep 0.1; done; "
        f"mkdir {folder}; mv {finished} {folder}/rooms.db"
    )
    with subprocess.Popen(["sh", "-c", script]) as mover:
        with serving(command(port), port, log, variables(folder / "rooms.db", "60")) as server:
            assert server.get("/rooms").json == []
        mover.wait(STOP_TIMEOUT)

    (said,) = [line for line in log.read_text().splitlines() if line.startswith("Waiting")]
    assert said.startswith(f"Waiting up to 60 s for {folder}/rooms.db: There is no directory")


@pytest.mark.parametrize("seconds", ["0", "1"])
def test_a_storage_that_stays_unavailable_ends_the_start_with_4(tmp_path: Path, seconds: str) -> None:
    done = subprocess.run(
        command(free_port()),
        env={**os.environ, **variables(tmp_path / "nowhere" / "rooms.db", seconds)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )

    assert done.returncode == 4
    assert ("Waiting up to 1 s" in done.stderr) is (seconds == "1")
    assert "Error: There is no directory" in done.stderr


def test_an_attempt_that_outlasts_the_wait_is_followed_by_another() -> None:
    timeout, attempts = 0.01, 0

    def attempt() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            time.sleep(timeout)
            raise RepositoryUnavailable("It boots.")

    retry(attempt, timeout, "a server")

    assert attempts == 2


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_the_wait_immediately(tmp_path: Path, sign: signal.Signals, code: int) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(free_port()),
            env={**os.environ, **variables(tmp_path / "nowhere" / "rooms.db", "3600")},
            stdout=output,
            stderr=output,
        )
    while b"Waiting" not in log.read_bytes() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(sign)

    assert process.wait(STOP_TIMEOUT) == code
