"""The storages that the contract is tested on. A new one joins by adding its factory."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

from rentomatic.migrations import SQLITE_REVISION
from rentomatic.migrations.runner import upgrade_sqlite
from rentomatic.repository.memory import MemRepo
from rentomatic.repository.sqlite import SqliteRepo
from rentomatic.use_cases.ports import RoomRepository

Factory = Callable[[], AbstractContextManager[RoomRepository]]
"""Gives an empty repository of its own, which goes away with the context."""


@contextmanager
def memory() -> Iterator[RoomRepository]:
    yield MemRepo()


@contextmanager
def sqlite() -> Iterator[RoomRepository]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(_empty_file(), folder))
        repository = SqliteRepo(path, SQLITE_REVISION)
        try:
            yield repository
        finally:
            repository.close()


STORAGES: dict[str, Factory] = {"memory": memory, "sqlite": sqlite}


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()  # goes away with the process


@cache
def _empty_file() -> Path:
    """A migrated file without rooms, made once and then copied."""
    path = Path(_folder().name) / "rooms.db"
    upgrade_sqlite(path)
    return path
