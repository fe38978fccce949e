"""Folders that go away with whoever uses them, also when that process is killed.

Who uses one holds a shared lock on it (flock), which the kernel releases when the process ends, however it
ends. Whoever makes the next one of the same kind removes those that nobody holds any more.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_RANDOM = "[a-z0-9_]{8}"
"""What `tempfile` puts behind a prefix."""


@contextmanager
def held_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A new folder, which only its owner can read, removed at the end of the context.

    prefix: of its name, and of those that are removed first because nobody holds them.
    parent: where it lies, the folder for temporary files unless given. Raises OSError.
    """
    parent = parent or Path(tempfile.gettempdir())
    _remove_left_behind(parent, prefix)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = hold(folder)
        if folder.exists():
            break
        _release(lock)  # taken for left behind in the moment before it was locked
    maker = os.getpid()
    try:
        yield folder
    finally:
        if os.getpid() == maker:  # a process that was forked in the context leaves it as well
            shutil.rmtree(folder, ignore_errors=True)
            _release(lock)


def hold(folder: Path) -> int | None:
    """Keep the folder from being removed while this process lives; the lock, None where there are none."""
    return _lock(folder, wait=True)


def _release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _remove_left_behind(parent: Path, prefix: str) -> None:
    ours = re.compile(re.escape(prefix) + _RANDOM)
    for path in parent.iterdir():
        if ours.fullmatch(path.name):
            with suppress(OSError):  # somebody else's, or just removed
                if path.lstat().st_uid == os.geteuid():
                    _remove_unless_held(path)


def _remove_unless_held(folder: Path) -> None:
    lock = _lock(folder, wait=False)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        _release(lock)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """The open folder with a lock, shared if it may wait, else for nobody else; None where it has none."""
    if sys.platform == "win32":
        return None
    import fcntl

    opened = None
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fcntl.flock(opened, fcntl.LOCK_SH if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by somebody else, gone, or on a file system without locks
        _release(opened)
        return None
    return opened
