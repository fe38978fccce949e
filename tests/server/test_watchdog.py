"""Which servers the health check of a container kills."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rentomatic.server import probe, watchdog
from tests.server.test_connections import SERVERS, stalled_export
from tests.servers import Server, rentomatic
from tests.waiting import until

CHECKS = watchdog.LIMIT + 2
LIMIT = 30.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

Check = Callable[[Server], int]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check a server as if it ran in a container."""

    def checked(server: Server) -> int:
        monkeypatch.setenv("RENTOMATIC_PORT", str(server.port))
        monkeypatch.setattr(watchdog, "_servers", lambda: [Path("/proc", str(server.process.pid))])
        return watchdog.main()

    monkeypatch.setattr(watchdog, "_MISSED", tmp_path / "missed-checks")
    return checked


def is_ready(server: Server) -> bool:
    try:
        return server.get("/health/ready", timeout=LIMIT).status == 200
    except OSError:
        return False


def listens(server: Server) -> bool:
    return watchdog._listens(Path("/proc", str(server.process.pid)))


@pytest.mark.parametrize("name", SERVERS)
def test_stopping_server_is_left_alone_while_it_finishes_its_requests(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: Check, name: str
) -> None:
    with rentomatic(database, tmp_path / "log", RENTOMATIC_SERVER=name) as server, stalled_export(server):
        before = check(server), listens(server)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: not listens(server))
        monkeypatch.setattr(probe, "_TIMEOUT", 0.1)  # a stopping server accepts no requests
        after = {check(server) for _ in range(CHECKS)}
        running = server.process.poll() is None

    assert ((0, True), {1}, True) == (before, after, running)
    assert 0 == server.process.returncode


@contextmanager
def hanging(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    os.killpg(server.process.pid, signal.SIGSTOP)
    try:
        until(lambda: is_stopped(server))  # until then some of its threads still respond
        with monkeypatch.context() as patch:
            patch.setattr(probe, "_TIMEOUT", 0.1)
            yield
    finally:
        os.killpg(server.process.pid, signal.SIGCONT)


def is_stopped(server: Server) -> bool:
    """Whether every thread of the server is stopped, see proc_pid_stat(5)."""
    stats = [stat for pid in server.processes() for stat in Path(f"/proc/{pid}/task").glob("[0-9]*/stat")]
    return {"T"} == {stat.read_text().rpartition(")")[2].split()[0] for stat in stats}


@pytest.mark.parametrize("name", SERVERS)
def test_hung_server_is_killed_unless_it_has_never_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: Check, name: str
) -> None:
    with rentomatic("memory:", tmp_path / "log", RENTOMATIC_SERVER=name) as server:
        with hanging(server, monkeypatch):
            starting = {check(server) for _ in range(CHECKS)}, server.process.poll()
        until(lambda: is_ready(server))  # checks missed by a slow machine would be counted
        until(lambda: check(server) == 0)
        with hanging(server, monkeypatch):
            for _ in range(watchdog.LIMIT - 1):
                check(server)
            early = server.process.poll()
            check(server)
            code = server.process.wait(LIMIT)

    assert ({1}, None) == starting
    assert (None, -signal.SIGKILL) == (early, code)
    assert "health checks in a row and is restarted" in server.log.read_text()
