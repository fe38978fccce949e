"""A temporary folder with sample rooms in every form that a measurement needs."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from benchmarks.postgres import PostgresDatabases
from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import csv as csv_listing


@dataclass(frozen=True, slots=True)
class Workspace:
    """Files and databases of sample rooms, each created on first use."""

    folder: Path
    progress: Console
    postgres: PostgresDatabases
    _made: set[Path] = field(default_factory=set)

    def listing(self, rooms: int) -> Path:
        """A CSV file of `rooms` rooms, in random order."""
        path = self.folder / f"{rooms}.csv"
        if self._is_new(path):
            with path.open("wb") as file:
                file.writelines(csv_listing.write(sample_rooms(rooms)))
        return path

    def database(self, rooms: int) -> Path:
        """An SQLite file of `rooms` rooms, as an import leaves it."""
        path = self.folder / f"{rooms}.db"
        if self._is_new(path):
            upgrade_sqlite(path)
            with closing(SqliteRepo(path, SQLITE_REVISION)) as repository:
                repository.load(sample_rooms(rooms))
        return path

    def empty_database(self) -> Path:
        """Create an SQLite file with the schema and no rooms, and delete the previous one."""
        template, path = self.folder / "empty.db", self.folder / "target.db"
        if self._is_new(template):
            upgrade_sqlite(template)
        for leftover in self.folder.glob("target.db*"):
            leftover.unlink()
        shutil.copyfile(template, path)
        return path

    def log(self, what: str) -> None:
        """Report progress."""
        self.progress.log(what)

    def _is_new(self, path: Path) -> bool:
        if path in self._made:
            return False
        self._made.add(path)
        self.log(f"making {path.name}")
        return True


@contextmanager
def workspace(progress: Console) -> Iterator[Workspace]:
    """Give a workspace that is removed at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="rentomatic-bench-", ignore_cleanup_errors=True) as folder,
        closing(PostgresDatabases(progress.log)) as postgres,
    ):
        yield Workspace(Path(folder), progress, postgres)
