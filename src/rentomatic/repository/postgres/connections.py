"""Connections to PostgreSQL: a bounded pool, and what a stranger may know of their errors."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import Connection, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from rentomatic.repository.schema import require_revision
from rentomatic.use_cases.errors import RepositoryUnavailable

Row = tuple[Any, ...]
Session = Connection[Row]
Result = TypeVar("Result")

_DEFAULTS: dict[str, str | int] = {
    "application_name": "rentomatic",
    # A server that vanishes without a word is noticed in so many seconds.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

_PING_TIMEOUT = 1.0
_RECONNECT_TIMEOUT = 1.0
"""Seconds in which the pool tries again by itself; after that the next request makes it try."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that each thing may take, and how many connections there may be.

    statement: one statement. connect: reaching a server. pool: waiting for a free connection.
    prepare: whether statements are prepared on the server, which a pooler between that gives a
    connection away after every transaction may not allow.
    """

    statement: float
    connect: float
    pool: float
    size: int
    prepare: bool


class Connections:
    """A pool that is opened by its first use, in the process that uses it."""

    def __init__(self, conninfo: str, revision: str, limits: Limits) -> None:
        self._conninfo = conninfo
        self._revision = revision
        self._limits = limits
        self._opened: ConnectionPool[Session] | None = None
        self._opening = threading.Lock()
        self._schema_is_known = False

    def read(self, work: Callable[[Session], Result]) -> Result:
        """What the work gives. It may be done twice: again where its connection turns out to be lost."""
        with _translated_errors(self._forget_schema):
            pool = self._pool()
            with pool.connection() as connection:
                try:
                    with self._bounded(connection):
                        return work(connection)
                except psycopg.OperationalError:
                    if not connection.closed:
                        raise
            pool.check()  # the server was restarted, or cut off: the others are lost as well
            with pool.connection() as connection, self._bounded(connection):
                return work(connection)

    @contextmanager
    def transaction(self, *settings: str) -> Iterator[Session]:
        """A connection in a transaction: committed at the end, undone on an error.

        settings: such as `statement_timeout = 0`, for the time of the transaction.
        """
        with _translated_errors(self._forget_schema), self._pool().connection() as connection:
            ConnectionPool.check_connection(connection)
            with connection.transaction():
                for setting in (self._statement_timeout(), *settings):
                    connection.execute(f"SET LOCAL {setting}".encode())
                yield connection

    @contextmanager
    def outside_transactions(self) -> Iterator[Session]:
        """A connection for a command that wants no transaction around it."""
        with _translated_errors(self._forget_schema), self._pool().connection() as connection:
            yield connection

    def ping(self) -> None:
        """Return when the storage answers and its schema is the one this program needs."""
        with (
            _translated_errors(self._forget_schema),
            self._pool(_PING_TIMEOUT).connection(timeout=_PING_TIMEOUT) as connection,
        ):
            if self._schema_is_known:
                ConnectionPool.check_connection(connection)
            else:
                self._check_schema(connection)

    def close(self) -> None:
        """Give back every connection."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()

    @contextmanager
    def _bounded(self, connection: Session) -> Iterator[None]:
        """Statements end by the time-out, also where a pooler gives every transaction a new connection."""
        if self._limits.prepare:
            yield
            return
        with connection.transaction():
            connection.execute(f"SET LOCAL {self._statement_timeout()}".encode())
            yield

    def _pool(self, patience: float | None = None) -> ConnectionPool[Session]:
        if self._opened is not None and self._schema_is_known:
            return self._opened
        if not self._opening.acquire(timeout=patience or self._limits.pool):
            raise PoolTimeout
        try:
            # The first connection is made here and not by the pool, which cannot tell why one failed.
            if not self._schema_is_known:
                with closing(self._connect()) as connection:
                    self._check_schema(connection)
            if self._opened is None:
                self._opened = self._open()
            return self._opened
        finally:
            self._opening.release()

    def _open(self) -> ConnectionPool[Session]:
        pool: ConnectionPool[Session] = ConnectionPool(
            make_conninfo(**self._parameters()),
            kwargs=self._options(),
            min_size=0,
            max_size=self._limits.size,
            timeout=self._limits.pool,
            reconnect_timeout=_RECONNECT_TIMEOUT,
            configure=self._configure,
            name="rentomatic",
            open=False,
        )
        pool.open()
        return pool

    def _connect(self) -> Session:
        return psycopg.connect(make_conninfo(**self._parameters()), **self._options())

    def _parameters(self) -> dict[str, Any]:
        """The parameters of the configuration, and ours where it leaves them open."""
        given = {name: value for name, value in conninfo_to_dict(self._conninfo).items() if value is not None}
        return {"connect_timeout": max(2, round(self._limits.connect)), **_DEFAULTS, **given}

    def _options(self) -> dict[str, Any]:
        return {"autocommit": True, "prepare_threshold": 0 if self._limits.prepare else None}

    def _configure(self, connection: Session) -> None:
        if self._limits.prepare:  # else the connection is a pooler's, and others would meet the setting
            connection.execute(f"SET {self._statement_timeout()}".encode(), prepare=False)

    def _statement_timeout(self) -> str:
        return f"statement_timeout = {round(self._limits.statement * 1000)}"

    def _check_schema(self, connection: Session) -> None:
        try:
            statement = "SELECT version_num FROM alembic_version"
            row = connection.execute(statement, prepare=False).fetchone()
        except errors.UndefinedTable:
            row = None
        require_revision(row[0] if row else None, self._revision)
        self._schema_is_known = True

    def _forget_schema(self) -> None:
        self._schema_is_known = False


@contextmanager
def _translated_errors(forget_schema: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        if isinstance(error, _OTHER_SCHEMA):
            forget_schema()
        raise RepositoryUnavailable(_explained(error)) from error


_OTHER_SCHEMA = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)

_BUSY = "The storage is being written to by somebody else: try again."
_REFUSED = "The storage does not accept this user or password."
_NO_DATABASE = "The database of the storage does not exist: run `rentomatic init-postgres`."
_UNREACHABLE = "The storage cannot be reached."

_EXPLANATIONS: dict[type[psycopg.Error] | tuple[type[psycopg.Error], ...], str] = {
    PoolTimeout: "The storage cannot be reached, or all connections to it are in use.",
    PoolClosed: "The storage is closed.",
    errors.QueryCanceled: "The storage did not answer in time.",
    (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure): _BUSY,
    (errors.InvalidPassword, errors.InvalidAuthorizationSpecification): _REFUSED,
    errors.InvalidCatalogName: _NO_DATABASE,
    _OTHER_SCHEMA: "The schema of the storage is not the one this program needs: run `rentomatic migrate`.",
    errors.InsufficientPrivilege: "This user may not do that in the storage.",
    errors.ReadOnlySqlTransaction: "This storage can be read but not written to.",
    errors.DiskFull: "The disk of the storage is full.",
    errors.TooManyConnections: "The storage has no connection to spare.",
    psycopg.OperationalError: _UNREACHABLE,
}


# What libpq says when no connection comes about has no code, only a text.
_CONNECTION_FAILURES = {
    "authentication failed": _REFUSED,
    "no password supplied": _REFUSED,
    "does not exist": _NO_DATABASE,
}


def _explained(error: psycopg.Error) -> str:
    """What a stranger may know of an error: no host, and nothing of the statement."""
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        for words, explanation in _CONNECTION_FAILURES.items():
            if words in str(error):
                return explanation
    for kinds, explanation in _EXPLANATIONS.items():
        if isinstance(error, kinds):
            return explanation
    return "The storage cannot be used."
