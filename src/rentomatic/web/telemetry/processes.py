"""Metrics shared by processes, through files of prometheus-client.

By default the library gives each process its own files, named by process id, and never removes those of
counters (github.com/prometheus/client_python/issues/275): their number grows with every replaced worker. So
here a process takes the lowest number that no living process has, and continues the files of its predecessor.
There are about as many files as processes at one time, and no counter ever goes back.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

from prometheus_client import values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from rentomatic.repository.folders import hold

_own: Final[dict[Path, int]] = {}
"""The number of this process in each directory."""


def shared_directory() -> Path | None:
    """Return the directory for shared metrics, prepared for this process; None if processes do not share.

    The variable is the library's own, so that the library decides the same.
    """
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not name:
        return None
    directory = Path(name)
    if directory not in _own:
        hold(directory)  # while this worker lives, even if the process that created it is killed
        number = _own[directory] = take_number(directory)
        values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
    return directory


def take_number(directory: Path) -> int:
    """Take the lowest number that no other living process has; it is kept until the process ends."""
    number = next(number for number in count() if _locked(directory / f"{number}.lock") is not None)
    mark_process_dead(number, str(directory))  # type: ignore[no-untyped-call] # its predecessor
    return number


class WorkersCollector(Collector):
    """The metrics of all processes, including those that have ended."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def describe(self) -> list[Metric]:
        return []  # the names are in the files, and may be read more than once

    def collect(self) -> Iterable[Metric]:
        forget_ended_processes(self._directory)
        files = [str(path) for path in self._directory.glob("*.db") if _can_be_read(path)]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def forget_ended_processes(directory: Path) -> None:
    """Remove the gauges of processes that have ended, such as requests in flight."""
    for path in directory.glob("*.lock"):
        if (lock := _locked(path)) is not None:
            mark_process_dead(int(path.stem), str(directory))  # type: ignore[no-untyped-call]
            os.close(lock)


def _can_be_read(path: Path) -> bool:
    """Whether a file is still there and not empty, as it is when just created."""
    with suppress(FileNotFoundError):
        return path.stat().st_size > 0
    return False


def _locked(path: Path) -> int | None:
    """Lock a file until it is closed or the process ends; return its descriptor, or None if it is locked."""
    import fcntl  # not available everywhere, and needed only where processes share files

    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
