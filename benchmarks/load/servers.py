"""The servers under load: `rentomatic serve` alone, and the production stack."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http_load import serving
from benchmarks.processes import descendants, processor_seconds, resident_bytes
from benchmarks.transfer import url
from benchmarks.workspace import Workspace
from tests.deployment.engine import missing
from tests.deployment.project import copy_of_the_project
from tests.servers import ROOT

WORKERS = 2

_LIMITS = ("CLIENT_RATE", "CLIENT_BURST", "CLIENT_CONNECTIONS", "SERVER_CONNECTIONS")
_PRIVATE_NETWORKS = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"


@dataclass(frozen=True, slots=True)
class Site:
    """The server to load. pid: of `rentomatic serve`, 0 for the stack, where it is unknown behind nginx."""

    name: str
    port: int
    pid: int = 0

    @property
    def is_stack(self) -> bool:
        return not self.pid

    def workers(self) -> list[int]:
        return [*descendants(self.pid)] if self.pid else []

    def worker_seconds(self) -> list[float]:
        """Return the processor time of each worker in seconds."""
        return [processor_seconds(worker) for worker in self.workers()]

    def worker_megabytes(self) -> float:
        """Return the memory of the largest worker."""
        return max((resident_bytes(worker) / 1e6 for worker in self.workers()), default=0.0)


@contextmanager
def sqlite(place: Workspace, rooms: int, workers: int = WORKERS) -> Iterator[Site]:
    """Run one `serve` over an SQLite file."""
    with _one("SQLite", url(place.database(rooms)), workers) as site:
        yield site


@contextmanager
def postgres(place: Workspace, rooms: int, workers: int = WORKERS) -> Iterator[Site]:
    """Run one `serve` over PostgreSQL."""
    with _one("PostgreSQL", place.postgres.loaded(rooms), workers) as site:
        yield site


@contextmanager
def _one(name: str, database: str, workers: int) -> Iterator[Site]:
    with serving(database, RENTOMATIC_WORKERS=str(workers)) as (port, pid):
        yield Site(name, port, pid)


@contextmanager
def stack(place: Workspace, rooms: int) -> Iterator[Site]:
    """Run the production stack with its usual limits; it trusts every client's X-Forwarded-For."""
    reason = missing()
    if reason is not None:
        raise RuntimeError(f"The stack needs a Docker engine: {reason}")
    limits = {name: value for name, value in _configured().items() if name in _LIMITS}
    with tempfile.TemporaryDirectory(prefix="rentomatic-bench-stack-") as folder:
        project = copy_of_the_project(Path(folder), TRUSTED_PROXIES=_PRIVATE_NETWORKS, **limits)
        try:
            place.log("building and starting the stack")
            project.manage("compose", "build", "--quiet", "web")
            project.up()
            place.log(f"loading {rooms:,} rooms into the stack")
            listing = place.listing(rooms).read_text(encoding="utf-8")
            project.tool("import", "-", text=listing)
            project.psql("VACUUM (ANALYZE);")
            yield Site("stack", project.port)
        finally:
            project.remove()


def _configured() -> dict[str, str]:
    entries = json.loads((ROOT / "config" / "production.json").read_text(encoding="utf-8"))
    return {entry["name"]: str(entry["value"]) for entry in entries}
