"""Settings and helpers of `serve` for both servers, granian and gunicorn."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rentomatic.repository.folders import held_folder, unless_held

STOP_TIMEOUT = 65
"""Seconds that requests in flight get after a signal to stop: nginx waits 60 for a response."""

CONNECTIONS = 8192
"""The most connections that a worker holds, idle ones included; more have to wait for one to close.

Both servers close idle connections after 30 seconds. The lanes of the application, not this limit, decide how
many requests are processed at once.
"""

READER_TIMEOUT = 30.0
"""The most seconds after which a client that stopped reading its response is cut off."""

_OTHER_FILES = 256
"""Files that a worker opens for other purposes."""

BACKLOG = 1024
"""The most connections that wait in the kernel for a worker."""

MEMORY = Path("/dev/shm")  # noqa: S108 - see below
"""A folder in memory, if it exists; its content is lost when the container restarts."""

METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that tells prometheus-client where processes share their files."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How to serve.

    target: module and name of the function that creates the application, separated by a colon.
    lifetime: seconds after which a worker is replaced, 0 for never.
    reader_timeout: seconds that a response waits for a client that stopped reading.
    may_replace: asked before workers are replaced, because new ones might fail to start. If it says no, the
        old ones go on.
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
    """Return a writable folder in memory, or None."""
    return MEMORY if os.access(MEMORY, os.W_OK) else None


@contextmanager
def metrics_directory() -> Iterator[None]:
    """Provide a directory for metrics shared by the workers in the context: the one that is set, or a new.

    Counts of dead processes are removed from one that is set, unless another server uses it.
    """
    given = os.environ.get(METRICS_DIRECTORY)
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        with unless_held(Path(given)) as unused:
            if unused:
                _remove_counts_of_the_dead(Path(given))
        yield
        return
    maker = os.getpid()
    with held_folder("rentomatic-metrics-", memory_folder()) as directory:
        os.environ[METRICS_DIRECTORY] = str(directory)
        try:
            yield
        finally:
            if os.getpid() == maker:  # not in a forked worker, which ends the context too
                del os.environ[METRICS_DIRECTORY]


def _remove_counts_of_the_dead(directory: Path) -> None:
    """Remove the files of dead processes, which prometheus-client itself never does.

    Their names end in the number of one of our workers, which has a lock file, or in a process id.
    """
    for path in directory.glob("*_*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdecimal() and ((directory / f"{number}.lock").exists() or not _lives(int(number))):
            path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        return True
    return True


def allow_connections() -> None:
    """Let each worker open a file for each connection; the soft limit is often 1,024."""
    import resource  # does not exist on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def cut_off_stalled_readers(listener: socket.socket, seconds: float) -> None:
    """Close accepted connections whose client acknowledges nothing for this many seconds (RFC 5482).

    Otherwise a thread that sends an export would wait forever. Accepted connections inherit the listener's
    options, see tcp(7).
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))


def let_new_workers_be_stopped() -> None:
    """Let a worker that is still starting end on SIGTERM, as long as this process lives.

    After a fork the worker has its parent's handler, which sets a flag that nobody in the worker reads: the
    signal would be lost, and stopping would take the whole time-out.
    """

    def reset() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM]),
        after_in_child=reset,
    )
