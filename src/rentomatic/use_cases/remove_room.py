"""Remove a room."""

from rentomatic.domain.room import Room, canonical_code
from rentomatic.use_cases.errors import ResourceError
from rentomatic.use_cases.exchange import Expectation, exchange, whatever
from rentomatic.use_cases.ports import RoomRepository


def remove_room(repository: RoomRepository, code: str, may: Expectation = whatever) -> Room:
    """Remove the room of that code, a UUID in upper or lower case; the room that was there.

    Raises ResourceError where there is none, and PreconditionFailed where `may` says no to it.
    """
    try:
        canonical = canonical_code(code)
    except ValueError:  # no room can have such a code, so none needs to be looked up
        raise ResourceError(code) from None
    removed = exchange(repository, canonical, None, may)
    if removed is None:
        raise ResourceError(canonical)
    return removed
