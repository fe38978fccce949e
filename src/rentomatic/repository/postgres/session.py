"""A connection to PostgreSQL that never waits forever."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self, TypeVar

import psycopg
from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.types.array import ListBinaryDumper, ListDumper

from rentomatic.repository.postgres.errors import NoAnswer

Row = tuple[Any, ...]
Result = TypeVar("Result")

GRACE = 2.0
"""Seconds beyond its time-out that a statement may go unanswered before the server counts as frozen."""

_CANCEL_TIMEOUT = 0.5
"""Seconds that a healthy server takes at most to end a cancelled statement."""


class Session(Connection[Row]):
    """A connection that never waits forever, even for a server that accepts connections and stays silent.

    patience: the most seconds to wait for one answer.
    end: the monotonic time at which waiting ends.
    cancels: whether to cancel the running statement then, because the server does not know the deadline.
    due: the monotonic time by which a transaction should be done; the server enforces it by statement
        time-outs.
    allowed: the time-out in seconds that the server applies to each statement of the transaction.
    """

    patience: float | None = None
    end: float = math.inf
    cancels: bool = False
    due: float = math.inf
    allowed: float = math.inf

    @classmethod
    def connect(  # type: ignore[override]  # `failed` is not a parameter of libpq
        cls,
        conninfo: str = "",
        *,
        failed: Callable[[psycopg.OperationalError], None] = lambda error: None,
        **options: Any,
    ) -> Self:
        """Connect; call `failed` with the reason if that fails, because a pool does not tell it."""
        try:
            session = super().connect(conninfo, **options)
        except psycopg.OperationalError as error:
            failed(error)
            raise
        for dumper in (ListDumper, ListBinaryDumper):
            session.adapters.register_dumper(tuple, dumper)  # several texts of a room, not a composite type
        return session

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        left = min(self.patience or math.inf, self.end - time.monotonic())
        if timeout is None and left < math.inf:
            timeout = max(0.0, left)
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            if self.cancels:
                with suppress(psycopg.OperationalError):
                    self.cancel_safe(timeout=_CANCEL_TIMEOUT)
                    return super().wait(gen, interval, _CANCEL_TIMEOUT)
                if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                    raise psycopg.errors.QueryCanceled("the statement was cancelled") from error
            self.close()  # a late answer is of no use
            raise NoAnswer("the server does not answer") from error


@contextmanager
def patient(session: Session, timeout: float) -> Iterator[None]:
    """Allow the server `timeout` seconds, and a little more, for each answer in the context."""
    usual, session.patience = session.patience, timeout + GRACE
    try:
        yield
    finally:
        session.patience = usual


def statement_timeout(scope: str, seconds: float) -> bytes:
    """Return SQL that sets the time-out of statements. scope: LOCAL (the transaction) or SESSION."""
    return f"SET {scope} statement_timeout = {max(1, round(seconds * 1000))}".encode()
