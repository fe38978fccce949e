"""What killed servers leave in memory, and the next server that starts."""

import os
import signal
from pathlib import Path

import pytest

from rentomatic.server.serving import MEMORY
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
