"""What killed servers leave in memory, and the next server that starts."""

import os
import signal
from pathlib import Path

import pytest

from rentomatic.repository.folders import hold
from rentomatic.server.serving import MEMORY, METRICS_DIRECTORY, metrics_directory
from tests.servers import Server, rentomatic

pytestmark = pytest.mark.skipif(not os.access(MEMORY, os.W_OK), reason=f"{MEMORY} cannot be written to")


def folder_of(server: Server) -> Path:
    """Return the folder of a server's metrics, which it holds open."""
    opened = [file.readlink() for file in Path(f"/proc/{server.process.pid}/fd").iterdir()]
    (folder,) = {path for path in opened if path.name.startswith("rentomatic-metrics-")}
    return folder


def kill(server: Server) -> None:
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait(30)


@pytest.mark.parametrize("kind", ["granian", "gunicorn"])
def test_the_metrics_of_a_killed_server_are_removed_at_the_next_start(kind: str, tmp_path: Path) -> None:
    with rentomatic("memory:", tmp_path / "other", RENTOMATIC_SERVER=kind) as other:
        of_other = folder_of(other)
        with rentomatic("memory:", tmp_path / "killed", RENTOMATIC_SERVER=kind) as killed:
            left = folder_of(killed)
            there = left.exists()
            kill(killed)
        with rentomatic("memory:", tmp_path / "next", RENTOMATIC_SERVER=kind) as server:
            during = left.exists(), of_other.exists(), folder_of(server).exists()
            scraped = [each.get("/metrics").status for each in (other, server)]

    assert (True, (False, True, True)) == (there, during)
    assert [200, 200] == scraped
    assert not of_other.exists()


def files_of_metrics(directory: Path) -> list[str]:
    """Leave files of processes in the directory as prometheus-client names them, and one of somebody else."""
    of_processes = (f"gauge_livesum_{GONE}.db", f"counter_{os.getpid()}.db")
    for name in ("0.lock", "notes.txt", "counter_0.db", *of_processes):
        (directory / name).touch()
    return sorted(each.name for each in directory.iterdir())


GONE = 2**22 + 1
"""More than the id of any process, see PID_MAX_LIMIT in proc(5)."""


def test_given_directory_of_metrics_loses_the_counts_of_processes_that_are_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files_of_metrics(tmp_path)
    monkeypatch.setenv(METRICS_DIRECTORY, str(tmp_path))
    with metrics_directory():
        left = sorted(each.name for each in tmp_path.iterdir())

    assert ["0.lock", f"counter_{os.getpid()}.db", "notes.txt"] == left


def test_given_directory_in_which_another_server_counts_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = files_of_metrics(tmp_path)
    monkeypatch.setenv(METRICS_DIRECTORY, str(tmp_path))
    lock = hold(tmp_path)
    with metrics_directory():
        left = sorted(each.name for each in tmp_path.iterdir())

    assert lock is not None
    os.close(lock)
    assert before == left
