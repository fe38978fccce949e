"""What `serve` asks of either server: granian or gunicorn."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rentomatic.repository.folders import held_folder

STOP_TIMEOUT = 65
"""Seconds that requests in flight have after a signal to stop: nginx waits 60 for an answer."""

CONNECTIONS = 8192
"""Connections that a worker holds at most, idle ones included: more would have to wait for one to end.

Idle ones are closed after 30 seconds by either server. How many requests are worked on is decided by the
lanes of the application, not here.
"""

READER_TIMEOUT = 30.0
"""Seconds after which a client that takes nothing more of its answer is cut off, at most."""

_OTHER_FILES = 256
"""Files that a worker opens for anything else."""

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
    reader_timeout: seconds that an answer waits for a client that stopped reading.
    may_replace: asked before workers are replaced, since new ones may not be able to start. If not, the old
    ones go on.
    """

    target: str
    host: str
    port: int
    workers: int
    threads: int
    lifetime: int
    reader_timeout: float
    may_replace: Callable[[], bool]
    log_level: str


def memory_folder() -> Path | None:
    """A folder in memory that files can be made in, if there is one."""
    return MEMORY if os.access(MEMORY, os.W_OK) else None


@contextmanager
def metrics_directory() -> Iterator[None]:
    """A directory in which the workers of the context count together, unless there is one already."""
    given = os.environ.get(METRICS_DIRECTORY)
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        yield
        return
    maker = os.getpid()
    with held_folder("rentomatic-metrics-", memory_folder()) as directory:
        os.environ[METRICS_DIRECTORY] = str(directory)
        try:
            yield
        finally:
            if os.getpid() == maker:  # a worker that was forked in the context leaves it as well
                del os.environ[METRICS_DIRECTORY]


def allow_connections() -> None:
    """Let the workers open a file for each connection: often the limit is 1,024 until it is raised."""
    import resource  # not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def cut_off_stalled_readers(listener: socket.socket, seconds: float) -> None:
    """End accepted connections whose client acknowledges nothing for this many seconds (RFC 5482).

    The thread that sends an export would otherwise wait forever. Accepted connections inherit the options of
    the listener, see tcp(7).
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))


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
