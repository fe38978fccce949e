"""The backend for `sqlite:///…`: a file of rooms."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rentomatic.repository.backend import USUAL_LIMITS, Backend, Limits, MadeMeanwhile, require_directory_of
from rentomatic.repository.findings import Check, Finding, State, free_space, required
from rentomatic.repository.folders import held_folder
from rentomatic.repository.pending import check_words
from rentomatic.repository.schema import Revisions, Told, to_nobody
from rentomatic.repository.sqlite import files
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo


@dataclass(frozen=True, slots=True)
class SqliteBackend:
    """Rooms in a file."""

    path: Path

    kind = "sqlite"
    revision = SQLITE_REVISION
    lasts = True

    @property
    def label(self) -> str:
        return str(self.path)

    def open(self, limits: Limits) -> SqliteRepo:
        return SqliteRepo(self.path, SQLITE_REVISION, limits)

    def migrate(self, told: Told = to_nobody) -> Revisions:
        """Bring the file up to date, creating it if it is missing."""
        from rentomatic.repository.sqlite import migrate  # Alembic takes a third of a second to import

        if self.is_missing():
            with suppress(MadeMeanwhile), self.new() as unfinished:
                return migrate.upgrade(unfinished.path)
        files.require_no_earlier_logs(self.path)
        found = migrate.upgrade(self.path)
        if found[1] == SQLITE_REVISION:
            with closing(self.open(USUAL_LIMITS)) as repository:
                repository.write_words(told)
        return found

    def migration_text(self) -> str:
        from rentomatic.repository.sqlite import migrate

        require_directory_of(self.path)
        return migrate.text(self.path)

    @contextmanager
    def scratch(self) -> Iterator[Backend]:
        with held_folder("rentomatic-scratch-") as folder:
            yield SqliteBackend(folder / "scratch.db")

    def is_missing(self) -> bool:
        return files.is_missing(self.path)

    def is_empty(self) -> bool:
        return files.is_empty(self.path)

    @contextmanager
    def new(self) -> Iterator["SqliteBackend"]:
        require_directory_of(self.path)
        with files.new_file(self.path) as unfinished:
            yield SqliteBackend(unfinished)

    def checks(self, limits: Limits) -> Mapping[str, Check]:
        return {
            "SQLite": _version,
            "words": lambda: check_words(self.open(limits)),
            "writing": lambda: self._writing(limits),
            "disk": lambda: free_space(self.path.absolute().parent),
        }

    def _writing(self, limits: Limits) -> Finding:
        with closing(self.open(limits)) as repository:
            if repository.can_write():
                return Finding(State.GOOD, "rooms can be added and changed")
        return Finding(State.WARNING, "the file is read-only: its rooms can be searched, but not changed")


def _version() -> Finding:
    with closing(sqlite3.connect(":memory:")) as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    good = sqlite3.sqlite_version_info >= (3, 37) and {"ENABLE_RTREE", "ENABLE_FTS5"} <= options
    return required(good, f"{sqlite3.sqlite_version}, 3.37 or newer with R*Tree and FTS5 is needed")
