"""Counting together: the files of prometheus-client that all processes of a server share.

By itself the library gives each process files of its own, named by its id, and never removes those that count
(github.com/prometheus/client_python/issues/275): they grow with every worker that is replaced. So here a
process takes the lowest number that no living process has, and counts on in the files of the one that had
it before. There are about as many files as processes at one time, and no counter ever goes back.
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
"""The number of this process in a directory, once it has one."""


def shared_directory() -> Path | None:
    """Where processes count together, ready for this one; None where each counts for itself.

    The variable is the library's own, and it alone decides what the library does.
    """
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not name:
        return None
    directory = Path(name)
    if directory not in _own:
        hold(directory)  # for as long as this worker lives, also when the process that made it is killed
        number = _own[directory] = take_number(directory)
        values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
    return directory


def take_number(directory: Path) -> int:
    """The lowest number that no other living process has; this one has it until it ends."""
    number = next(number for number in count() if _locked(directory / f"{number}.lock") is not None)
    mark_process_dead(number, str(directory))  # type: ignore[no-untyped-call] # what had it before
    return number


class WorkersCollector(Collector):
    """What all processes count, those that are gone included."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def describe(self) -> list[Metric]:
        return []  # the names are in the files, and may be read more than once

    def collect(self) -> Iterable[Metric]:
        forget_those_gone(self._directory)
        files = [str(path) for path in self._directory.glob("*.db") if _can_be_read(path)]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def forget_those_gone(directory: Path) -> None:
    """Remove what processes that are gone last said of themselves, such as requests in flight."""
    for path in directory.glob("*.lock"):
        if (lock := _locked(path)) is not None:
            mark_process_dead(int(path.stem), str(directory))  # type: ignore[no-untyped-call]
            os.close(lock)


def _can_be_read(path: Path) -> bool:
    """Whether a file was neither removed meanwhile nor made just now, still without a byte."""
    with suppress(FileNotFoundError):
        return path.stat().st_size > 0
    return False


def _locked(path: Path) -> int | None:
    """The descriptor of a file that is locked until it is closed or the process ends; None where it is."""
    import fcntl  # not everywhere, and needed only where processes share files

    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
