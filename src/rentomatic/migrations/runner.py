"""Applies the revisions. Apart from the package, since importing Alembic takes a third of a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DatabaseError

from rentomatic.use_cases.errors import RepositoryUnavailable

_HERE = Path(__file__).parent
_LOCK_TIMEOUT = 60


def upgrade_sqlite(path: Path, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the file to the revision, creating it where it is not; safe from several processes.

    Returns the revision before and after. Raises RepositoryUnavailable for a file that cannot be
    opened, is no SQLite file, or has a schema that this program does not know.
    """
    try:
        with _sqlite(path) as connection:
            config, before = _config(connection, "sqlite"), current(connection)
            _require_known(config, before, path)
            command.upgrade(config, revision)
            return before, current(connection)
    except DatabaseError as error:
        raise RepositoryUnavailable(f"{path} cannot be migrated: {error.orig}.") from error


def downgrade_sqlite(path: Path, revision: str) -> None:
    """Take the file back to the revision, `base` being an empty one."""
    with _sqlite(path) as connection:
        command.downgrade(_config(connection, "sqlite"), revision)


def current(connection: Connection) -> str | None:
    """The revision of a database, None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def _require_known(config: Config, revision: str | None, path: Path) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise RepositoryUnavailable(
            f"The schema of {path.name} is {revision}, which this program does not know: use a newer program."
        )


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
