"""Real servers for tests: on loopback, on a free port, stopped by their process id."""

import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, target: str, timeout: float = 30) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def workers(self) -> set[int]:
        """Return the processes that the server started itself. Needs /proc."""
        return children_of(self.process.pid)

    def processes(self) -> list[int]:
        """Return all processes of the server, the server first. Needs /proc."""
        found = [self.process.pid]
        for pid in found:
            found += children_of(pid)
        return found

    def under_way(self) -> int:
        """Return how many requests the server is processing, without the one for its metrics."""
        name = b"rentomatic_http_requests_in_flight "
        lines = self.get("/metrics").body.splitlines()
        return sum(int(float(line.removeprefix(name))) for line in lines if line.startswith(name))

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(STOP_TIMEOUT)


def children_of(pid: int) -> set[int]:
    found: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it ended in the meantime
            found |= {int(child) for child in thread.read_text().split()}
    return found


def limit_files(pids: Iterable[int], size: int | None) -> bool:
    """Limit the size of files that these processes may write, as if the disk were full; None for no limit.

    Returns False if the system cannot do that: prlimit(2) is Linux only.
    """
    import resource

    if not hasattr(resource, "prlimit"):
        return False
    for pid in pids:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))
    return True


@contextmanager
def no_more_files() -> Iterator[None]:
    """Keep this process from opening any more files in the context."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def die_with_parent() -> None:
    """Make a child end when the process that started it is killed; run it in the child. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG, see prctl(2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: list[str],
    port: int,
    log: Path,
    variables: Mapping[str, str],
    cwd: Path = ROOT,
    patience: float = START_TIMEOUT,
) -> Iterator[Server]:
    """Run a server from its first response to the end of the context, which ends its process group.

    It also ends when the tests are killed.
    """
    environment = {**os.environ, **variables}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no other thread holds a lock here
        )
    server = Server(process, port, log)
    try:
        _wait_until_it_answers(server, patience)
        yield server
        server.stop()
    finally:
        with suppress(ProcessLookupError):  # the group is gone if everything went well
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_TIMEOUT)


@contextmanager
def rentomatic(database: str, log: Path, *options: str, **variables: str) -> Iterator[Server]:
    """Run `rentomatic serve` on a storage."""
    port = free_port()
    command = [sys.executable, "-m", "rentomatic", "serve", "--port", str(port), *options]
    with serving(command, port, log, variables={"DATABASE_URL": database, **variables}) as server:
        yield server


def _wait_until_it_answers(server: Server, patience: float) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended by itself:\n{server.log.read_text()}")
        try:
            if server.get("/health/live", timeout=2).status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer in time:\n{server.log.read_text()}")
