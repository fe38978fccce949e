"""Remove a room."""

from rentomatic.domain.room import Room, canonical_code
from rentomatic.use_cases.errors import ResourceError
from rentomatic.use_cases.exchange import Expectation, anything, exchange
from rentomatic.use_cases.ports import RoomRepository


def remove_room(repository: RoomRepository, code: str, expected: Expectation = anything) -> Room:
    """Remove the room of that code, a UUID in upper or lower case; the room that was there.

    Raises ResourceError where there is none, and PreconditionFailed where the room is not as `expected`.
    """
    try:
        canonical = canonical_code(code)
    except ValueError:  # no room can have such a code, so none needs to be looked up
        raise ResourceError(code) from None
    removed = exchange(repository, canonical, None, expected)
    if removed is None:
        raise ResourceError(canonical)
    return removed
