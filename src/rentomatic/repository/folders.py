"""Temporary folders that are removed after use, even if the process that used them was killed.

A process holds a shared lock (flock) on its folder. The kernel releases it however the process ends. The next
process that creates a folder of the same kind removes the folders that no process holds.
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
"""The suffix that `tempfile` adds to a prefix."""


@contextmanager
def held_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Create a folder that only its owner can read, and remove it at the end of the context.

    prefix: of its name. Folders with this prefix that no process holds are removed first.
    parent: where to create it; by default the folder for temporary files. Raises OSError.
    """
    parent = parent or Path(tempfile.gettempdir())
    _remove_left_behind(parent, prefix)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = hold(folder)
        if folder.exists():
            break
        _release(lock)  # another process took it for left behind, before it was locked
    maker = os.getpid()
    try:
        yield folder
    finally:
        if os.getpid() == maker:  # a forked process ends the context too, but must not remove the folder
            shutil.rmtree(folder, ignore_errors=True)
            _release(lock)


def hold(folder: Path) -> int | None:
    """Keep the folder from being removed while this process lives; return the lock, or None without locks."""
    return _lock(folder, wait=True)


@contextmanager
def unless_held(folder: Path) -> Iterator[bool]:
    """Whether no process holds the folder; then none begins to in the context."""
    lock = _lock(folder, wait=False)
    try:
        yield lock is not None
    finally:
        _release(lock)


def _release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _remove_left_behind(parent: Path, prefix: str) -> None:
    ours = re.compile(re.escape(prefix) + _RANDOM)
    for path in parent.iterdir():
        if ours.fullmatch(path.name):
            with suppress(OSError):  # belongs to another user, or was just removed
                if path.lstat().st_uid == os.geteuid():
                    _remove_unless_held(path)


def _remove_unless_held(folder: Path) -> None:
    with unless_held(folder) as unused:
        if unused:
            shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Open and lock the folder: shared, waiting for it, or exclusive, without waiting; None if that fails."""
    if sys.platform == "win32":
        return None
    import fcntl

    opened = None
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fcntl.flock(opened, fcntl.LOCK_SH if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # locked by another process, removed, or on a file system without locks
        _release(opened)
        return None
    return opened
