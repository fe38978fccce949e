"""Applies the revisions of SQLite.

Every function raises RepositoryUnavailable if the file cannot be opened. A schema that a newer program made,
unknown to this one, is left unchanged.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError

from rentomatic.repository.revisions.scripts import Scripts, current
from rentomatic.repository.schema import Revisions
from rentomatic.use_cases.errors import RepositoryUnavailable

PATIENCE = 60.0
"""Seconds that a migration waits for another one."""

_SCRIPTS = Scripts(Path(__file__).parent / "migrations", "sqlite")


def upgrade(path: Path, revision: str = "head") -> Revisions:
    """Bring the file to the revision, creating it if needed; safe to run from several processes at once."""
    with _connected(path) as connection:
        before = current(connection)
        if _SCRIPTS.steps(before, revision):
            _SCRIPTS.upgrade(connection, revision)
        return before, current(connection)


def downgrade(path: Path, revision: str) -> None:
    """Take the file back to the revision; `base` means an empty database."""
    with _connected(path) as connection:
        _SCRIPTS.downgrade(connection, revision)


def text(path: Path) -> str:
    """Return the SQL that would bring the file up to date, without running it or creating the file."""
    if not path.exists() or not path.stat().st_size:  # connecting would write to an empty file
        return _SCRIPTS.text(None)
    with _connected(path) as connection:
        return _SCRIPTS.text(current(connection))


@contextmanager
def _connected(path: Path) -> Iterator[Connection]:
    """Give a connection in one exclusive transaction, so that a second migration waits for the first."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": PATIENCE, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def use_wal(connection, record) -> None:  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def lock(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0].rstrip(".")
        raise RepositoryUnavailable(f"{path} cannot be migrated: {reason}.") from error
    finally:
        engine.dispose()
