"""Everything that can go wrong in a use case. The web and the command line each map these once."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one parameter."""

    parameter: str
    message: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.message}"


class RentomaticError(Exception):
    """Base of the errors that a user is told about; the text is fit for strangers."""


class ParametersError(RentomaticError):
    """A request that cannot be understood; `problems` names every bad parameter."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class ResourceError(RentomaticError):
    """There is no room with that code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no room {code}.")
        self.code = code


class ConflictError(RentomaticError):
    """There is a room with that code already."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is a room {code} already.")
        self.code = code


class RepositoryUnavailable(RentomaticError):
    """The storage cannot be reached, is not ready, or did not answer in time."""
