"""What servers that were killed leave in memory, and whoever starts next."""

import os
import signal
from pathlib import Path

import pytest

from rentomatic.web.serving import MEMORY
from tests.servers import Server, rentomatic

pytestmark = pytest.mark.skipif(not os.access(MEMORY, os.W_OK), reason=f"{MEMORY} cannot be written to")


def folders() -> set[Path]:
    return {path for path in MEMORY.glob("rentomatic-metrics-*") if path.stat().st_uid == os.geteuid()}


def kill(server: Server) -> None:
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait(30)


@pytest.mark.parametrize("kind", ["granian", "gunicorn"])
def test_the_metrics_of_a_killed_server_are_removed_at_the_next_start(kind: str, tmp_path: Path) -> None:
    before = folders()
    with rentomatic("memory:", tmp_path / "other", RENTOMATIC_SERVER=kind) as other:
        of_other = folders() - before
        with rentomatic("memory:", tmp_path / "killed", RENTOMATIC_SERVER=kind) as killed:
            left = folders() - before - of_other
            kill(killed)
        assert left <= folders()
        with rentomatic("memory:", tmp_path / "next", RENTOMATIC_SERVER=kind) as server:
            during = folders()
            scraped = [each.get("/metrics").status for each in (other, server)]

    assert (1, 1) == (len(left), len(of_other))
    assert not left & during
    assert of_other <= during
    assert [200, 200] == scraped
    assert not (of_other | left) & folders()


def test_workers_whose_server_was_killed_keep_their_metrics(tmp_path: Path) -> None:
    before = folders()
    with rentomatic("memory:", tmp_path / "killed") as killed:
        (held,) = folders() - before
        os.kill(killed.process.pid, signal.SIGKILL)  # its worker is still there
        killed.process.wait(30)
        with rentomatic("memory:", tmp_path / "next"):
            kept = held.exists()
            answered = killed.get("/metrics").status
    with rentomatic("memory:", tmp_path / "last"):
        assert not held.exists()

    assert (True, 200) == (kept, answered)
