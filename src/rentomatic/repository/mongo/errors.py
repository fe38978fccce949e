"""MongoDB's errors, translated into messages that are safe to show: no host, no user, no statement."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, StorageBusy

NEEDS_A_REPLICA_SET = (
    "The storage is a single MongoDB server: make it a replica set, of one node if need be, "
    "since loads and exports need transactions."
)

WRONG_ADDRESS = "The address of the storage, or an option in it, is wrong."

_TOO_LATE = "The storage did not answer in time."
_BUSY = "The storage is busy with another write: try again."
_REFUSED = "The storage rejected the user or the password."
_MOMENT_LOST = "The storage changed too much while it was read: try again."
_LOAD_TOO_LONG = (
    "The storage cancelled the load after its time limit (a minute by default): load fewer rooms at a time."
)

# The numbers are MongoDB's own, https://www.mongodb.com/docs/manual/reference/error-codes/
_BY_CODE = {
    13: "The database user lacks the permission for this.",  # Unauthorized
    18: _REFUSED,  # AuthenticationFailed
    20: NEEDS_A_REPLICA_SET,  # IllegalOperation: transaction numbers are for replica sets
    24: _BUSY,  # LockTimeout
    50: _TOO_LATE,  # MaxTimeMSExpired
    112: _BUSY,  # WriteConflict
    121: "The storage rejected a room that this program considers valid.",  # DocumentValidationFailure
    123: NEEDS_A_REPLICA_SET,  # NotAReplicaSet
    239: _MOMENT_LOST,  # SnapshotTooOld
    246: _MOMENT_LOST,  # SnapshotUnavailable
    251: _LOAD_TOO_LONG,  # NoSuchTransaction
    290: _LOAD_TOO_LONG,  # TransactionExceededLifetimeLimitSeconds
    11000: _BUSY,  # DuplicateKey: another writer added the room since the load began
}

# The first class that matches counts.
_BY_CLASS: tuple[tuple[type[PyMongoError], str], ...] = (
    (WTimeoutError, _TOO_LATE),
    (ConnectionFailure, "The storage cannot be reached."),
    (ConfigurationError, WRONG_ADDRESS),
)


@contextmanager
def translated_errors(learn: Callable[[PyMongoError], None] = lambda error: None) -> Iterator[None]:
    """Translate errors of the driver into RepositoryUnavailable, or into an OutOfTime after a time-out.

    learn: called first, with the driver's error.
    """
    try:
        yield
    except PyMongoError as error:
        learn(error)
        raise explained(error) from error


def explained(error: PyMongoError) -> RepositoryUnavailable:
    """Return the use cases' error for a driver's error, with a message that is safe to show."""
    if isinstance(error, ExecutionTimeout):
        return OutOfTime()
    if isinstance(error, NetworkTimeout | WaitQueueTimeoutError):  # a healthy server ends slow reads
        return StorageBusy()
    return RepositoryUnavailable(_explained(error))


def _explained(error: PyMongoError) -> str:
    for code in _codes(error):
        if code in _BY_CODE:
            return _BY_CODE[code]
    by_class = (text for kind, text in _BY_CLASS if isinstance(error, kind))
    return next(by_class, "The storage cannot be used.")


def _codes(error: PyMongoError) -> Iterator[int | None]:
    """Yield the code of the error and, for a bulk write, the codes of its writes."""
    if isinstance(error, OperationFailure):
        yield error.code
        details: dict[str, Any] = dict(error.details or {})
        yield from (failed.get("code") for failed in details.get("writeErrors", ()))
