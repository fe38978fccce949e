"""What `serve` asks of either server: granian or gunicorn."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STOP_TIMEOUT = 65
"""Seconds that requests in flight have after a signal to stop: nginx waits 60 for an answer."""

QUEUE = 512
"""Connections that a worker holds, at most; those that a proxy keeps open count as well.

What a request waits for is decided at the gate of the application, not here.
"""

BACKLOG = 1024
"""Connections that wait in the kernel for a worker, at most."""

MEMORY = Path("/dev/shm")  # noqa: S108 - see below
"""A folder in memory, where there is one: what lies there is gone when its container starts again."""

METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client finds the files that processes share."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How to serve.

    target: module and name of the function that makes the application, with a colon between.
    lifetime: seconds after which a worker is replaced, 0 for never.
    """

    target: str
    host: str
    port: int
    workers: int
    threads: int
    lifetime: int
    log_level: str


@contextmanager
def metrics_directory() -> Iterator[None]:
    """A directory in which the workers of the context count together, unless there is one already."""
    given = os.environ.get(METRICS_DIRECTORY)
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        yield
        return
    maker = os.getpid()
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    directory = os.environ[METRICS_DIRECTORY] = tempfile.mkdtemp(prefix="rentomatic-metrics-", dir=memory)
    try:
        yield
    finally:
        if os.getpid() == maker:  # a worker that was forked in the context leaves it as well
            del os.environ[METRICS_DIRECTORY]
            shutil.rmtree(directory, ignore_errors=True)


def let_new_workers_be_stopped() -> None:
    """Let a worker that is still starting end at a SIGTERM, for as long as this process lives.

    After a fork it has the handler of its parent, which sets a flag that nobody in the worker reads:
    the signal would be lost, and the stop wait for its time-out.
    """

    def reset() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM]),
        after_in_child=reset,
    )
