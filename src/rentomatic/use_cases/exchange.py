"""What saving and removing share: to change only what is as expected, whoever else is at it."""

from collections.abc import Callable

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import PreconditionFailed, RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository

_ATTEMPTS = 20
"""Somebody else may change the room between the look at it and the write, so many times in a row."""

Expectation = Callable[[Room | None], bool]
"""Whether the room that is there, None for no room, is what whoever wants to change it takes it for."""


def whatever(room: Room | None) -> bool:
    """Expect nothing."""
    return True


def exchange(repository: RoomRepository, code: str, new: Room | None, may: Expectation) -> Room | None:
    """Put `new` in the place of what is there, if `may` agrees to that; what was there.

    Where no room is to take the place of none, nothing is asked or done. Raises PreconditionFailed, and
    RepositoryUnavailable where others are faster again and again.
    """
    for _ in range(_ATTEMPTS):
        old = repository.get(code)
        if old is None and new is None:
            return None
        if not may(old):
            raise PreconditionFailed(code)
        if repository.swap(old, new):
            return old
    raise RepositoryUnavailable(f"The room {code} is being changed by many at once: try again.")
