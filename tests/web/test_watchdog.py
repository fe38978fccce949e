"""Which servers the health check of a container kills."""

import os
import signal
import time
from pathlib import Path

import pytest

from rentomatic.web import probe, watchdog
from tests.servers import Server, rentomatic
from tests.web.test_connections import SERVERS, stalled_export

CHECKS = watchdog.LIMIT + 2


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Has an entry for each time that the watchdog wanted to kill the server."""
    kills: list[bool] = []
    monkeypatch.setattr(watchdog, "_MISSED", tmp_path / "missed-checks")
    monkeypatch.setattr(watchdog, "_kill_server", lambda: kills.append(True))
    monkeypatch.setattr(probe, "_TIMEOUT", 1.0)
    return kills


def check(server: Server, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("RENTOMATIC_PORT", str(server.port))
    return watchdog.main()


@pytest.mark.parametrize("name", SERVERS)
def test_server_that_finishes_its_requests_before_it_stops_is_not_killed(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: list[bool], name: str
) -> None:
    with (
        rentomatic(database, tmp_path / "log", RENTOMATIC_SERVER=name) as server,
        stalled_export(server),
    ):
        before = check(server, monkeypatch)
        server.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 30
        while not probe.refuses_connections() and time.monotonic() < end:
            time.sleep(0.05)
        after = {check(server, monkeypatch) for _ in range(CHECKS)}
        stopping = server.process.poll() is None

    assert (0, {1}, True) == (before, after, stopping)
    assert [] == killed


def test_server_that_hangs_is_killed_unless_it_never_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: list[bool]
) -> None:
    with rentomatic("memory:", tmp_path / "log") as server:
        os.killpg(server.process.pid, signal.SIGSTOP)
        try:
            starting = [check(server, monkeypatch) for _ in range(CHECKS)], [*killed]
        finally:
            os.killpg(server.process.pid, signal.SIGCONT)
        assert 0 == check(server, monkeypatch)
        os.killpg(server.process.pid, signal.SIGSTOP)
        try:
            for _ in range(watchdog.LIMIT - 1):
                check(server, monkeypatch)
            early = [*killed]
            check(server, monkeypatch)
        finally:
            os.killpg(server.process.pid, signal.SIGCONT)

    assert ([1] * CHECKS, []) == starting
    assert ([], [True]) == (early, killed)
