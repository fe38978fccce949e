"""The errors of the use cases. The web and the command line each map them in one place."""

from collections.abc import Iterable
from dataclasses import dataclass

from rentomatic.domain.quoting import shortened, visible
from rentomatic.domain.search import RoomQuery


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one parameter, which may have an empty name."""

    parameter: str
    message: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.message}" if self.parameter else self.message


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place in a JSON document; the path is as in RFC 9535: `$.price`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path} {self.message}"


class RentomaticError(Exception):
    """Base of the errors that are reported to users; the text is safe to show to strangers."""


class ParametersError(RentomaticError):
    """A request with invalid parameters; `problems` names every one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class DocumentError(RentomaticError):
    """A JSON document that is not a valid room; `faults` names every wrong place."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))


class ResourceError(RentomaticError):
    """There is no room with that code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no room {visible(shortened(code)) or 'without a code'}.")
        self.code = code


class ConflictError(RentomaticError):
    """A room with this code exists already."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is a room {code} already.")
        self.code = code


class PreconditionFailed(RentomaticError):
    """The room is not, or no longer, as the caller expected; nothing was changed.

    exists: whether no room was expected, but there is one.
    """

    def __init__(self, code: str, *, exists: bool = False) -> None:
        changed = f"The room {code} has changed since you read it: read it again."
        super().__init__(f"The room {code} exists already." if exists else changed)
        self.code = code


class RepositoryUnavailable(RentomaticError):
    """The storage cannot be reached, is not ready, or did not answer in time."""


class OutOfTime(RepositoryUnavailable):
    """The storage did not answer within the time that it was given."""

    def __init__(self) -> None:
        super().__init__("The storage did not answer in time.")


class StorageBusy(OutOfTime):
    """The storage never started on the read: no connection was free, or it does not respond."""


class WordsNotStored(RepositoryUnavailable):
    """A search for words took too long because the words of many rooms are not stored yet."""

    def __init__(self) -> None:
        super().__init__(
            "The words of many rooms are not stored yet, so a search for words takes too long. "
            "Run `rentomatic migrate` to store them, or search without words."
        )


class TooCostly(RentomaticError):
    """The search takes the storage too long for one request; a narrower one would not.

    query: the search, to advise how to narrow it.
    """

    def __init__(self, query: RoomQuery) -> None:
        super().__init__("This search takes too long.")
        self.query = query


class NotQuick(Exception):
    """A quick answer was required, but the read would exceed a bounded number of rooms."""


class StorageReadOnly(RentomaticError):
    """The storage can be read but not written to; retrying does not help."""

    def __init__(self, where: str = "") -> None:
        named = f" ({where})" if where else ""
        super().__init__(f"The storage is read-only: nothing was changed.{named}")
        self.where = where
