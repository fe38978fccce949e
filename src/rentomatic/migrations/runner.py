"""Applies the revisions. Apart from the package, since importing Alembic takes a third of a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, create_engine, event

_HERE = Path(__file__).parent
_LOCK_TIMEOUT = 60


def upgrade_sqlite(path: Path, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the file to the revision, creating it where it is not; safe from several processes.

    Returns the revision before and after.
    """
    with _sqlite(path) as connection:
        before = current(connection)
        command.upgrade(_config(connection, "sqlite"), revision)
        return before, current(connection)


def downgrade_sqlite(path: Path, revision: str) -> None:
    """Take the file back to the revision, `base` being an empty one."""
    with _sqlite(path) as connection:
        command.downgrade(_config(connection, "sqlite"), revision)


def current(connection: Connection) -> str | None:
    """The revision of a database, None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection, storage: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(_HERE / storage))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _sqlite(path: Path) -> Iterator[Connection]:
    """A connection in one exclusive transaction, so that a second migration waits for the first."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _LOCK_TIMEOUT, "isolation_level": None},
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
    finally:
        engine.dispose()
