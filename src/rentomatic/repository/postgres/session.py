"""A connection to PostgreSQL that does not wait for ever."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self, TypeVar

import psycopg
from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from rentomatic.repository.postgres.errors import NoAnswer

Row = tuple[Any, ...]
Result = TypeVar("Result")

GRACE = 2.0
"""Seconds beyond its own time-out that a statement may be silent, before the server is taken for frozen."""

_CANCEL_TIMEOUT = 0.5
"""Seconds in which a server that is well ends a statement that it is told to end."""


class Session(Connection[Row]):
    """A connection that does not wait for ever, even for a server that is there and says nothing.

    patience: seconds that one answer may take. end: when, by the monotonic clock, all must be done.
    cancels: whether the server is told then to end its statement, since it does not know when.
    due: when the server itself ends what it is asked in a transaction, which has time-outs of its own.
    allowed: seconds that it allows each statement of the transaction.
    """

    patience: float | None = None
    end: float = math.inf
    cancels: bool = False
    due: float = math.inf
    allowed: float = math.inf

    @classmethod
    def connect(  # type: ignore[override]  # `failed` is not for libpq
        cls,
        conninfo: str = "",
        *,
        failed: Callable[[psycopg.OperationalError], None] = lambda error: None,
        **options: Any,
    ) -> Self:
        """Connect; `failed` is told why that is not possible, since a pool does not say."""
        try:
            return super().connect(conninfo, **options)
        except psycopg.OperationalError as error:
            failed(error)
            raise

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
            self.close()  # a later answer is of no use
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
    """The statement that sets how long each statement may take. scope: LOCAL for the transaction, SESSION."""
    return f"SET {scope} statement_timeout = {max(1, round(seconds * 1000))}".encode()
