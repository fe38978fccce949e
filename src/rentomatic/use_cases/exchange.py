"""Change a room only if it is as expected, while others may change it too."""

from collections.abc import Callable

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import PreconditionFailed, RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository

_ATTEMPTS = 20
"""How often to try again when somebody else changes the room between reading and writing it."""

Expectation = Callable[[Room | None], bool]
"""Whether the present room (None for no room) is the one that the caller means to change."""


def anything(room: Room | None) -> bool:
    """Accept any room, or none."""
    return True


def exchange(repository: RoomRepository, code: str, new: Room | None, expected: Expectation) -> Room | None:
    """Replace the room by `new` if it is as expected; return the room that was there.

    Does nothing if there is no room and `new` is None. Raises PreconditionFailed, and RepositoryUnavailable
    if others keep changing the room.
    """
    for _ in range(_ATTEMPTS):
        old = repository.get(code)
        if old is None and new is None:
            return None
        if not expected(old):
            raise PreconditionFailed(code, exists=old is not None and expected(None))
        if repository.swap(old, new):
            return old
    raise RepositoryUnavailable(f"Others keep changing the room {code}: try again.")
