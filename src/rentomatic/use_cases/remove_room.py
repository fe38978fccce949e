"""Remove a room."""

from rentomatic.domain.room import Room, canonical_code
from rentomatic.use_cases.errors import ResourceError
from rentomatic.use_cases.exchange import Expectation, anything, exchange
from rentomatic.use_cases.ports import RoomRepository


def remove_room(repository: RoomRepository, code: str, expected: Expectation = anything) -> Room:
    """Remove the room with that code and return it; a UUID may be in upper or lower case.

    Raises ResourceError if there is none, and PreconditionFailed if it is not as `expected`.
    """
    try:
        canonical = canonical_code(code)
    except ValueError:  # no room can have such a code
        raise ResourceError(code) from None
    removed = exchange(repository, canonical, None, expected)
    if removed is None:
        raise ResourceError(canonical)
    return removed
