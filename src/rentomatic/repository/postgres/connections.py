"""Connections to PostgreSQL: a bounded pool, which is closed while the server is away."""

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
    # A server that vanishes without a word is noticed in so many seconds.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

# For all statements. A bitmap is built of all that match before the first row comes, where a page wants
# but the first rows; and rooms next to each other in an index are mostly in memory. One reading has one
# processor, so that whoever asks for all rooms does not take those of everybody else.
_PLANNING = (
    "jit = off",
    "enable_bitmapscan = off",
    "random_page_cost = 1.1",
    "max_parallel_workers_per_gather = 0",
)

_PING_TIMEOUT = 1.0
_RECONNECT_TIMEOUT = 1.0
"""Seconds in which the pool tries again by itself; after that the next request makes it try."""

_CLOSE_TIMEOUT = 0.1
"""Seconds that each thread of a pool of lost connections gets to end, before waiting requests fail."""


class Connections:
    """A pool that is opened by its first use, in the process that uses it.

    When the server is away, the pool is closed, so that no request waits in it, and every use fails at once.
    The first use after the server is back opens another pool.
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
        """What the work gives, of one moment, within the time of one statement and a little more.

        within: seconds for all of it, where those are fewer, from now on. A wait for a connection counts, as
        the caller waits; but who spends half of the time on it is told that the storage is busy, and not that
        the work takes too long. The work may be done twice: again where its connection turns out to be lost.

        Raises OutOfTime or StorageBusy, and then no statement goes on in the server.
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
                        session.close()  # its prepared statements are of the schema before a migration
                    elif not session.closed or isinstance(error, errors.QueryCanceled):
                        raise
            with (
                self._live(pool, self._patience(due)) as session,
                self._reading(session, one_statement, due),
            ):
                return work(session)

    @contextmanager
    def transaction(self, timeout: float, *settings: str) -> Iterator[Session]:
        """A connection in a transaction: committed at the end, undone on an error.

        timeout: seconds for each statement. settings: such as `work_mem = '64MB'`, for the transaction.
        """
        with (
            translated_errors(self._learn),
            self._live(self._pool()) as session,
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
        """Return when the storage answers and its schema is one that this program can use."""
        with (
            translated_errors(self._learn),
            self._live(self._pool(_PING_TIMEOUT), _PING_TIMEOUT) as session,
            patient(session, _PING_TIMEOUT),
        ):
            self._check_schema(session)

    def state(self) -> PoolState:
        """The pool as it is now; nothing is opened."""
        stats = self._opened.get_stats() if self._opened else {}
        size = stats.get("pool_size", 0)
        return PoolState(
            size=size,
            in_use=size - stats.get("pool_available", 0),
            waiting=stats.get("requests_waiting", 0),
            limit=self._limits.pool_size,
        )

    def close(self) -> None:
        """Give back every connection."""
        self._availability.stop()
        with self._opening:
            if self._opened is not None:
                self._opened.close()
        self._availability.join(self._limits.connect_timeout + GRACE)

    @contextmanager
    def _live(self, pool: ConnectionPool[Session], timeout: float | None = None) -> Iterator[Session]:
        """A connection that was seen to work a moment ago."""
        session = pool.getconn(timeout)
        try:
            with patient(session, _PING_TIMEOUT):
                ConnectionPool.check_connection(session)
        except errors.QueryCanceled:  # no answer: to ask the other connections would only take longer
            pool.putconn(session)
            raise
        except psycopg.OperationalError:
            pool.putconn(session)
            pool.drain()  # the server was restarted, or cut off: the others are lost as well
            session = pool.getconn(timeout)
        except BaseException:
            pool.putconn(session)
            raise
        try:
            yield session
        finally:
            pool.putconn(session)

    def _patience(self, due: float) -> float:
        """Seconds that a reading which is due then waits for a connection."""
        return seconds_within(due - time.monotonic(), self._limits.pool_timeout)

    @contextmanager
    def _reading(self, session: Session, one_statement: bool, due: float) -> Iterator[None]:
        """One moment for all statements, and an end to them."""
        now = time.monotonic()
        seconds = seconds_within(due - now, self._limits.statement_timeout)
        session.end = now + seconds + GRACE
        try:
            if one_statement and self._limits.prepared_statements:
                if due < math.inf:  # to tell the server would take as long as the statement
                    session.end, session.cancels = now + seconds, True
                yield
                self._availability.answered()
                return
            begin = b"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            if not self._limits.prepared_statements:
                # A pooler gives every transaction another connection, on which nothing is set yet.
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
            session.commit()  # not undone: that would make psycopg forget what it has prepared
            self._availability.answered()
        finally:
            session.end = session.due = session.allowed = math.inf
            session.cancels = False
            if not session.closed:
                session.rollback()

    def _pool(self, timeout: float | None = None) -> ConnectionPool[Session]:
        """Return the open pool of a database with the right schema.

        timeout: seconds to wait for another thread that is just opening it.
        """
        if (pool := self._opened) is not None and self._schema_is_known:
            return pool
        self._availability.require()
        if not self._opening.acquire(timeout=timeout or self._limits.pool_timeout):
            raise PoolTimeout
        try:
            self._availability.require()  # again, since the thread before may have found the server away
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
        """Connect once outside the pool, which cannot tell why it fails to."""
        try:
            self._reach()
        except RepositoryUnavailable as error:
            self._availability.lost(error)
            raise

    def _reach(self) -> None:
        """Connect as the pool does, to see whether that is possible."""
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
        """Find out whether the server is away, as the pool could not connect."""
        if is_unreachable(error):
            self._availability.suspect()

    def _learn(self, error: psycopg.Error) -> None:
        """Draw conclusions from a failed use. Raises RepositoryUnavailable where the server is away."""
        if isinstance(error, OTHER_SCHEMA):
            self._schema_is_known = False
        elif isinstance(error, NoAnswer):
            self._availability.suspect()
        elif isinstance(error, PoolClosed):
            self._availability.require()

    def _conninfo_of_all(self) -> str:
        """The parameters of the configuration, and ours where it leaves them open."""
        given = {name: value for name, value in conninfo_to_dict(self._conninfo).items() if value is not None}
        timeout = max(2, round(self._limits.connect_timeout))
        parameters: dict[str, Any] = {"connect_timeout": timeout, **_DEFAULTS, **given}
        return make_conninfo(**parameters)

    def _options(self) -> dict[str, Any]:
        return {"autocommit": True, "prepare_threshold": 0 if self._limits.prepared_statements else None}

    def _configure(self, session: Session) -> None:
        session.patience = self._limits.statement_timeout + GRACE
        # Else the connection is a pooler's, and others would meet the settings.
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
    """The statements that set what holds for all, seconds for a statement, and what is given."""
    every = (*_PLANNING, *settings)
    return b"; ".join(
        (statement_timeout(scope, timeout), *(f"SET {scope} {setting}".encode() for setting in every))
    )
