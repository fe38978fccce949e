"""How a migration of PostgreSQL waits for its locks while rooms are searched and written.

A statement that waits for a strong lock keeps all later readers of its table waiting behind it. So a
transaction of a migration waits for only half a second, and is then tried again after a pause, in which the
readers go on. What is done outside a transaction, such as building an index concurrently, keeps no reader
waiting, and may wait.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import IsolationLevel, errors
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from rentomatic.use_cases.errors import RepositoryUnavailable

PATIENCE = 60.0
"""Seconds that a revision is tried for, and that a migration waits for another one."""

_LOCK_TIMEOUT = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_LOOK_EVERY = 0.1

_LOCK = 7_006_200_131_415
"""The advisory lock of migrations, in the database that is migrated; any number that nobody else uses."""

_HOLDER = """
    SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND datname = current_database()
    AND (classid::bigint << 32 | objid::bigint) = {}
"""

_ACTIVITY = "SELECT pid, application_name, xact_start FROM pg_stat_activity WHERE pid = ANY({}) ORDER BY 3, 1"

Connect = Callable[[], psycopg.Connection[Any]]


def bound_waits(engine: Engine) -> None:
    """Let no statement of the engine wait for a lock without a limit."""

    @event.listens_for(engine, "begin")
    def bound(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            connection.exec_driver_sql(f"SET lock_timeout = {round(PATIENCE * 1000)}")
        else:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(_LOCK_TIMEOUT * 1000)}")


@contextmanager
def only_migration(connect: Connect) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that keeps other migrations waiting until the end of the context.

    It holds the lock in an open transaction, since a pooler may share a session.

    Raises RepositoryUnavailable if another migration goes on for too long.
    """
    with closing(connect()) as guard:
        # An index that is built concurrently waits for all snapshots. A transaction of this level keeps none
        # between statements that have no parameters and are not prepared: those go by the simple protocol.
        guard.isolation_level = IsolationLevel.READ_COMMITTED
        guard.prepare_threshold = None
        guard.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        end = time.monotonic() + PATIENCE
        while guard.execute(f"SELECT pg_try_advisory_xact_lock({_LOCK})".encode()).fetchone() != (True,):
            if time.monotonic() > end:
                holders = _activity(guard, f"ARRAY({_HOLDER.format(_LOCK)})")
                raise RepositoryUnavailable(
                    f"Another migration is still running{_described(holders)}. Try again after it."
                )
            time.sleep(random.uniform(0.05, 0.25))  # noqa: S311 - only spreads attempts
        yield guard


def persistently(act: Callable[[], None], connection: Connection, connect: Connect) -> None:
    """Repeat the act until it gets the locks that it needs.

    connection: the one that it uses, not in a transaction. connect: gives another one, which finds out who is
    in the way. Raises RepositoryUnavailable, saying who, when the act has been tried for long enough.
    """
    with _watched(connection, connect) as blockers:
        end, pause = time.monotonic() + PATIENCE, _FIRST_PAUSE
        while True:
            try:
                return act()
            except DBAPIError as error:
                connection.rollback()
                if not isinstance(error.orig, errors.LockNotAvailable | errors.DeadlockDetected):
                    raise
                if time.monotonic() + pause > end:
                    raise RepositoryUnavailable(
                        "The database cannot be migrated: another transaction keeps it locked"
                        f"{_described(blockers)}. End that transaction, or try again later."
                    ) from error.orig
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - only spreads attempts
            pause = min(pause * 1.5, _LONGEST_PAUSE)


@contextmanager
def _watched(connection: Connection, connect: Connect) -> Iterator[list[tuple[Any, ...]]]:
    """Give the transactions that keep the connection waiting, which can only be seen while it waits.

    Each look is a transaction of its own, on a connection of its own: an index that is built concurrently
    would wait for the end of a longer one that happens to be looking when the build begins to wait.
    """
    seen: list[tuple[Any, ...]] = []
    over = threading.Event()
    with connection.begin():
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()

    def watch() -> None:
        # The migration itself will say what is wrong with the server.
        with suppress(psycopg.Error), closing(connect()) as session:
            session.autocommit = True
            while not over.wait(_LOOK_EVERY):
                seen[:] = _activity(session, f"pg_blocking_pids({pid})") or seen

    watcher = threading.Thread(target=watch, name="migration", daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join(PATIENCE)


def _activity(session: psycopg.Connection[Any], pids: str) -> list[tuple[Any, ...]]:
    session.execute("SELECT pg_stat_clear_snapshot()")  # or the first look of a transaction is the only one
    return session.execute(_ACTIVITY.format(pids).encode()).fetchall()


def _described(activity: list[tuple[Any, ...]]) -> str:
    """Name the processes, as far as the user of the database may know of them."""
    return ": " + "; ".join(map(_process, activity)) if activity else ""


def _process(row: tuple[int, str | None, datetime | None]) -> str:
    pid, application, since = row
    began = f"since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if since else ""
    known = ", ".join(filter(None, (application, began)))
    return f"process {pid} ({known})" if known else f"process {pid}"
