"""Counting together: the files of prometheus-client that all processes of a server share.

Each process writes files of its own, `<type>_<process id>.db`. What a process counted that is gone is
added to one file for all of those and its own files are removed, so that their number stays small
however often workers are replaced, and no counter ever goes back.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from rentomatic.repository.folders import hold

# Neither is annotated.
_Values: Any = MmapedDict
_merge: Any = MultiProcessCollector.merge

_started = set[int]()
"""The id of this process, once it has files that are its own."""


def shared_directory() -> Path | None:
    """Where processes count together, ready for this one; None where each counts for itself.

    The variable is the library's own, and it alone decides what the library does.
    """
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not name:
        return None
    directory = Path(name)
    own = os.getpid()
    if own not in _started:
        hold(directory)  # for as long as this worker lives, also when the process that made it is killed
    with _locked(directory):
        # A process that is gone may have had the id that this one has now.
        fold(directory, gone=None if own in _started else own)
        _started.add(own)
    return directory


class WorkersCollector(Collector):
    """What all processes count, those that are gone included."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def describe(self) -> list[Metric]:
        return []  # the names are in the files, and may be read more than once

    def collect(self) -> Iterable[Metric]:
        with _locked(self._directory):
            fold(self._directory)
            # A file without a byte was made a moment ago, and cannot be read yet.
            files = [str(path) for path in self._directory.glob("*.db") if path.stat().st_size]
            return list(_merge(files))


def fold(directory: Path, gone: int | None = None) -> None:
    """Add the files of processes that are gone to one for each type. gone: one that counts as gone."""
    lost = [path for path in directory.glob("*_*.db") if not _lives(_pid(path), gone)]
    for kind in ("counter", "histogram", "summary"):
        files = [path for path in lost if path.name.startswith(f"{kind}_")]
        if files:
            _add(files, directory / f"{kind}_gone.db")
    for path in lost:
        path.unlink()


def _add(files: Iterable[Path], total: Path) -> None:
    unfinished = total.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    if total.exists():
        shutil.copyfile(total, unfinished)
    sums = _Values(str(unfinished))
    try:
        for path in files:
            if path.stat().st_size:
                for key, value, _, _ in _Values.read_all_values_from_file(str(path)):
                    sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
    finally:
        sums.close()
    unfinished.replace(total)


def _pid(path: Path) -> int | None:
    """The process of a file, None for the file of those that are gone."""
    name = path.stem.rpartition("_")[2]
    return int(name) if name.isdecimal() else None


def _lives(pid: int | None, gone: int | None) -> bool:
    if pid is None:
        return True
    if pid == gone:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        pass
    return True


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """No other process reads or folds the files meanwhile; a lock ends with its process."""
    import fcntl  # not everywhere, and needed only where processes share files

    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
