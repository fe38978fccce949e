"""A bounded pool of connections to PostgreSQL, which is closed while the server is unreachable."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from rentomatic.repository.availability import Availability
from rentomatic.repository.backend import Limits
from rentomatic.repository.budget import seconds_within
from rentomatic.repository.postgres.errors import OTHER_SCHEMA, NoAnswer, is_unreachable, translated_errors
from rentomatic.repository.postgres.session import GRACE, Result, Session, patient, statement_timeout
from rentomatic.repository.schema import require_revision
from rentomatic.use_cases.errors import NotQuick, RepositoryUnavailable
from rentomatic.use_cases.ports import PoolState

_DEFAULTS: dict[str, str | int] = {
    "application_name": "rentomatic",
    # These notice a server that vanishes silently.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

# For all statements. A bitmap scan collects every match before the first row, while a page needs only the
# first rows. Neighbours in an index are mostly in memory, hence the low random_page_cost. A read uses one
# processor, so that a request for all rooms does not starve the others.
_PLANNING = (
    "jit = off",
    "enable_bitmapscan = off",
    "random_page_cost = 1.1",
    "max_parallel_workers_per_gather = 0",
)

_PING_TIMEOUT = 1.0
_RECONNECT_TIMEOUT = 1.0
"""Seconds for which the pool retries by itself; after that the next request triggers a retry."""

_CLOSE_TIMEOUT = 0.1
"""Seconds that each thread of a broken pool gets to end, before waiting requests fail."""


class Connections:
    """A pool that is opened on first use, in the process that uses it.

    While the server is unreachable the pool is closed, so that no request waits for it and every use fails at
    once. The first use after the server is back opens a new pool.
    """

    def __init__(self, conninfo: str, revision: str, limits: Limits) -> None:
        self._conninfo = conninfo
        self._revision = revision
        self._limits = limits
        self._opened: ConnectionPool[Session] | None = None
        self._opening = threading.Lock()
        self._schema_is_known = False
        self._availability = Availability(self._reach, self._drop_pool)

    def read(
        self,
        work: Callable[[Session], Result],
        *,
        one_statement: bool = False,
        within: float | None = None,
    ) -> Result:
        """Return the result of the work, which sees one moment.

        By default it gets the time of one statement and a little more.

        within: the most seconds for all of it, from now on. Waiting for a connection counts, because the
            caller waits too; but if that takes half of the time, the error says that the storage is busy and
            not that the work takes too long. If the connection turns out to be lost, the work is done again.

        Raises OutOfTime or StorageBusy; no statement is left running on the server then.
        """
        due = math.inf if within is None else time.monotonic() + within
        with translated_errors(self._learn, due) as outcome:
            pool = self._pool(self._patience(due))
            with pool.connection(self._patience(due)) as session:
                outcome.waited = within is not None and due - time.monotonic() < within / 2
                try:
                    with self._reading(session, one_statement, due):
                        return work(session)
                except (psycopg.OperationalError, errors.FeatureNotSupported) as error:
                    if isinstance(error, errors.FeatureNotSupported):
                        session.close()  # its prepared statements are from before a migration
                    elif not session.closed or isinstance(error, errors.QueryCanceled):
                        raise
            with (
                self._live(pool, self._patience(due)) as session,
                self._reading(session, one_statement, due),
            ):
                return work(session)

    @contextmanager
    def transaction(self, timeout: float, *settings: str, patience: float | None = None) -> Iterator[Session]:
        """Give a connection in a transaction: committed at the end, rolled back on an error.

        timeout: seconds for each statement. settings: for the transaction, such as `work_mem = '64MB'`.
        patience: seconds to wait for a connection, unless the limits are to say it.
        """
        with (
            translated_errors(self._learn),
            self._live(self._pool(patience), patience) as session,
            patient(session, timeout),
            session.transaction(),
        ):
            session.execute(_set("LOCAL", timeout, *settings), prepare=False)
            try:
                yield session
            except errors.ReadOnlySqlTransaction:
                session.close()  # the server became a standby: the next connection may find the primary
                raise
            self._availability.answered()

    def ping(self) -> None:
        """Raise RepositoryUnavailable unless the storage answers and its schema suits this program."""
        with (
            translated_errors(self._learn),
            self._live(self._pool(_PING_TIMEOUT), _PING_TIMEOUT) as session,
            patient(session, _PING_TIMEOUT),
        ):
            self._check_schema(session)

    def state(self) -> PoolState:
        """Return the current state of the pool, without opening it."""
        stats = self._opened.get_stats() if self._opened else {}
        size = stats.get("pool_size", 0)
        return PoolState(
            size=size,
            in_use=size - stats.get("pool_available", 0),
            waiting=stats.get("requests_waiting", 0),
            limit=self._limits.pool_size,
        )

    def close(self) -> None:
        """Close every connection."""
        self._availability.stop()
        with self._opening:
            if self._opened is not None:
                self._opened.close()
        self._availability.join(self._limits.connect_timeout + GRACE)

    @contextmanager
    def _live(self, pool: ConnectionPool[Session], timeout: float | None = None) -> Iterator[Session]:
        """Give a connection that has just been checked."""
        session = pool.getconn(timeout)
        try:
            with patient(session, _PING_TIMEOUT):
                ConnectionPool.check_connection(session)
        except errors.QueryCanceled:  # no answer: checking other connections would only take longer
            pool.putconn(session)
            raise
        except psycopg.OperationalError:
            pool.putconn(session)
            pool.drain()  # the server restarted or the network failed: the other connections are lost too
            session = pool.getconn(timeout)
        except BaseException:
            pool.putconn(session)
            raise
        try:
            yield session
        finally:
            pool.putconn(session)

    def _patience(self, due: float) -> float:
        """Return the seconds that a read, due at that time, may wait for a connection."""
        return seconds_within(due - time.monotonic(), self._limits.pool_timeout)

    @contextmanager
    def _reading(self, session: Session, one_statement: bool, due: float) -> Iterator[None]:
        """Show all statements one moment, and limit their time."""
        now = time.monotonic()
        seconds = seconds_within(due - now, self._limits.statement_timeout)
        session.end = now + seconds + GRACE
        try:
            if one_statement and self._limits.prepared_statements:
                if due < math.inf:  # setting a time-out on the server would take as long as the statement
                    session.end, session.cancels = now + seconds, True
                yield
                self._availability.answered()
                return
            begin = b"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            if not self._limits.prepared_statements:
                # A pooler may give each transaction another connection, without our settings.
                begin += b"; " + _set("LOCAL", seconds)
            elif due < math.inf:
                begin += b"; " + statement_timeout("LOCAL", seconds)
            if due < math.inf:
                session.due, session.allowed = now + seconds, seconds
            session.execute(begin, prepare=False)
            try:
                yield
            except NotQuick:
                session.commit()
                raise
            session.commit()  # not rolled back: psycopg would forget its prepared statements
            self._availability.answered()
        finally:
            session.end = session.due = session.allowed = math.inf
            session.cancels = False
            if not session.closed:
                session.rollback()

    def _pool(self, timeout: float | None = None) -> ConnectionPool[Session]:
        """Return the open pool, with the schema checked.

        timeout: seconds to wait for another thread that is opening it.
        """
        if (pool := self._opened) is not None and self._schema_is_known:
            return pool
        self._availability.require()
        if not self._opening.acquire(timeout=timeout or self._limits.pool_timeout):
            raise PoolTimeout
        try:
            self._availability.require()  # another thread may have found the server unreachable
            pool = self._opened
            if pool is None:
                self._require_server()
                pool = self._opened = self._open()
            if not self._schema_is_known:
                with pool.connection(timeout) as session:
                    self._check_schema(session)
            return pool
        finally:
            self._opening.release()

    def _require_server(self) -> None:
        """Connect once outside the pool, which does not say why connecting fails."""
        try:
            self._reach()
        except RepositoryUnavailable as error:
            self._availability.lost(error)
            raise

    def _reach(self) -> None:
        """Connect as the pool does, to see whether that works."""
        with (
            translated_errors(),
            closing(Session.connect(self._conninfo_of_all(), **self._options())) as session,
        ):
            self._configure(session)

    def _open(self) -> ConnectionPool[Session]:
        pool: ConnectionPool[Session] = ConnectionPool(
            self._conninfo_of_all(),
            connection_class=Session,
            kwargs={**self._options(), "failed": self._doubt},
            min_size=0,
            max_size=self._limits.pool_size,
            timeout=self._limits.pool_timeout,
            reconnect_timeout=_RECONNECT_TIMEOUT,
            configure=self._configure,
            name="rentomatic",
            open=False,
        )
        pool.open()
        return pool

    def _drop_pool(self) -> None:
        pool, self._opened = self._opened, None
        if pool is not None:
            pool.close(_CLOSE_TIMEOUT)

    def _doubt(self, error: psycopg.OperationalError) -> None:
        """Check the server in the background, after the pool failed to connect."""
        if is_unreachable(error):
            self._availability.suspect()

    def _learn(self, error: psycopg.Error) -> None:
        """Update the availability after a failure. Raises RepositoryUnavailable without a server."""
        if isinstance(error, OTHER_SCHEMA):
            self._schema_is_known = False
        elif isinstance(error, NoAnswer):
            self._availability.suspect()
        elif isinstance(error, PoolClosed):
            self._availability.require()

    def _conninfo_of_all(self) -> str:
        """Return the parameters of the configuration, with defaults for those that it leaves unset."""
        given = {name: value for name, value in conninfo_to_dict(self._conninfo).items() if value is not None}
        timeout = max(2, round(self._limits.connect_timeout))
        parameters: dict[str, Any] = {"connect_timeout": timeout, **_DEFAULTS, **given}
        return make_conninfo(**parameters)

    def _options(self) -> dict[str, Any]:
        return {"autocommit": True, "prepare_threshold": 0 if self._limits.prepared_statements else None}

    def _configure(self, session: Session) -> None:
        session.patience = self._limits.statement_timeout + GRACE
        # Without prepared statements the connection is a pooler's, and its other users would get the
        # settings.
        if self._limits.prepared_statements:
            session.execute(_set("SESSION", self._limits.statement_timeout), prepare=False)

    def _check_schema(self, session: Session) -> None:
        try:
            statement = "SELECT version_num FROM alembic_version"
            row = session.execute(statement, prepare=False).fetchone()
        except errors.UndefinedTable:
            row = None
        require_revision(row[0] if row else None, self._revision, running=self._schema_is_known)
        self._schema_is_known = True


def _set(scope: str, timeout: float, *settings: str) -> bytes:
    """Return the statements that set the time-out, in seconds, the planner's settings and the given ones."""
    every = (*_PLANNING, *settings)
    return b"; ".join(
        (statement_timeout(scope, timeout), *(f"SET {scope} {setting}".encode() for setting in every))
    )
