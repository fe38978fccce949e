"""Temporary folders that are removed after use, also when the process that used them was killed.

A process holds a shared lock (flock) on its folder, which the kernel releases when the process ends, however
it ends. The next process that makes a folder of the same kind removes those that no process holds any more.
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

    prefix: of its name, and of the folders that are removed first because no process holds them.
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
            with suppress(OSError):  # of another user, or just removed
                if path.lstat().st_uid == os.geteuid():
                    _remove_unless_held(path)


def _remove_unless_held(folder: Path) -> None:
    lock = _lock(folder, wait=False)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        _release(lock)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Open and lock the folder: shared after a wait, or exclusively at once; None where that fails."""
    if sys.platform == "win32":
        return None
    import fcntl

    opened = None
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fcntl.flock(opened, fcntl.LOCK_SH if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by another process, gone, or on a file system without locks
        _release(opened)
        return None
    return opened
