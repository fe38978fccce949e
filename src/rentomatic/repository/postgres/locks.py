"""How a migration of PostgreSQL waits for its locks while rooms are searched and written.

While a statement waits for a strong lock, later readers of the table queue behind it. So a transaction of a
migration waits for only half a second, then pauses to let the readers go on, and tries again. Statements
outside a transaction, such as building an index concurrently, block no reader and may wait longer.
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
"""Seconds for which a revision is retried, and for which a migration waits for another one."""

_LOCK_TIMEOUT = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_LOOK_EVERY = 0.1

_LOCK = 7_006_200_131_415
"""The advisory lock of migrations, in the migrated database: an arbitrary number that nothing else uses."""

_HOLDER = """
    SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND datname = current_database()
    AND (classid::bigint << 32 | objid::bigint) = {}
"""

_ACTIVITY = "SELECT pid, application_name, xact_start FROM pg_stat_activity WHERE pid = ANY({}) ORDER BY 3, 1"

Connect = Callable[[], psycopg.Connection[Any]]


def bound_waits(engine: Engine) -> None:
    """Set a lock time-out for every statement of the engine."""

    @event.listens_for(engine, "begin")
    def bound(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            connection.exec_driver_sql(f"SET lock_timeout = {round(PATIENCE * 1000)}")
        else:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(_LOCK_TIMEOUT * 1000)}")


@contextmanager
def only_migration(connect: Connect) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that makes other migrations wait until the end of the context.

    It holds the lock in an open transaction, because a pooler may share a session.

    Raises RepositoryUnavailable if another migration takes too long.
    """
    with closing(connect()) as guard:
        # Building an index concurrently waits for all snapshots. A READ COMMITTED transaction keeps none
        # between statements of the simple protocol: without parameters and not prepared.
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

    connection: used by the act, and not in a transaction.
    connect: opens another connection, which finds out who holds the locks.

    Raises RepositoryUnavailable, naming the processes that hold the locks, after too many attempts.
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
    """Give a list of the transactions that block the connection, which is filled while it waits.

    Each look is its own transaction on its own connection: a longer one would itself block an index that is
    being built concurrently.
    """
    seen: list[tuple[Any, ...]] = []
    over = threading.Event()
    with connection.begin():
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()

    def watch() -> None:
        # The migration itself reports what is wrong with the server.
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
    session.execute("SELECT pg_stat_clear_snapshot()")  # to see current statistics
    return session.execute(_ACTIVITY.format(pids).encode()).fetchall()


def _described(activity: list[tuple[Any, ...]]) -> str:
    """Name the processes, as far as the database user is allowed to see them."""
    return ": " + "; ".join(map(_process, activity)) if activity else ""


def _process(row: tuple[int, str | None, datetime | None]) -> str:
    pid, application, since = row
    began = f"since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if since else ""
    known = ", ".join(filter(None, (application, began)))
    return f"process {pid} ({known})" if known else f"process {pid}"
