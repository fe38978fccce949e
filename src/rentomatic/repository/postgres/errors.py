"""PostgreSQL's errors, translated into messages that are safe to show: no host, no user, no statement."""

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout

from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, StorageBusy


class NoAnswer(errors.QueryCanceled):
    """The server does not answer, although it should have ended the statement by itself."""


@dataclass
class Outcome:
    """waited: whether most of the time passed before the work began, so that the work is not to blame."""

    waited: bool = False


@contextmanager
def translated_errors(
    learn: Callable[[psycopg.Error], None] = lambda error: None, due: float = math.inf
) -> Iterator[Outcome]:
    """Translate errors of the driver into RepositoryUnavailable, or into an OutOfTime after a time-out.

    learn: called first, with the driver's error; may raise a better one.
    due: the monotonic time by which all should be done: waiting until then is StorageBusy.
    """
    outcome = Outcome()
    try:
        yield outcome
    except psycopg.Error as error:
        learn(error)
        in_vain = isinstance(error, PoolTimeout) and time.monotonic() >= due
        if in_vain or isinstance(error, NoAnswer):
            raise StorageBusy from error
        if isinstance(error, errors.QueryCanceled):
            raise (StorageBusy if outcome.waited else OutOfTime) from error
        raise RepositoryUnavailable(_explained(error)) from error


def is_unreachable(error: psycopg.Error) -> bool:
    """Whether a failed connection means that the server is unreachable, rather than that it refuses us."""
    return _explained(error) == _UNREACHABLE


OTHER_SCHEMA = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)

_BUSY = "The storage is busy with another write: try again."
_REFUSED = "The storage rejected the user or the password."
_NO_DATABASE = "The database of the storage does not exist: run `rentomatic init-postgres`."
_UNREACHABLE = "The storage cannot be reached."
_FULL = "The storage has no free connections."

_EXPLANATIONS: dict[type[psycopg.Error] | tuple[type[psycopg.Error], ...], str] = {
    PoolTimeout: "The storage cannot be reached, or all connections to it are in use.",
    PoolClosed: "The storage is closed.",
    (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure): _BUSY,
    (errors.InvalidPassword, errors.InvalidAuthorizationSpecification): _REFUSED,
    errors.InvalidCatalogName: _NO_DATABASE,
    OTHER_SCHEMA: "The schema of the storage is out of date: run `rentomatic migrate`.",
    errors.InsufficientPrivilege: "The database user lacks the permission for this.",
    errors.ReadOnlySqlTransaction: "The storage is read-only.",
    errors.DiskFull: "The disk of the storage is full.",
    errors.TooManyConnections: _FULL,
    psycopg.OperationalError: _UNREACHABLE,
}


# libpq reports a failure to connect by a text alone, without a code.
_CONNECTION_FAILURES = (
    (r"authentication failed|role .* does not exist", _REFUSED),
    (r"no password supplied", "The storage requires a password, but none is set."),
    (r"database .* does not exist", _NO_DATABASE),
    (r"too many (clients|connections)|connection slots are reserved", _FULL),
)


def _explained(error: psycopg.Error) -> str:
    """Return a message that is safe to show: no host, and nothing of the statement."""
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        for pattern, explanation in _CONNECTION_FAILURES:
            if re.search(pattern, str(error)):
                return explanation
    for kinds, explanation in _EXPLANATIONS.items():
        if isinstance(error, kinds):
            return explanation
    return "The storage cannot be used."
