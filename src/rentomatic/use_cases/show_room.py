"""Show one room."""

from rentomatic.domain.room import Room, canonical_code
from rentomatic.use_cases.errors import ResourceError
from rentomatic.use_cases.ports import RoomRepository


def show_room(repository: RoomRepository, code: str) -> Room:
    """The room of that code, a UUID in upper or lower case. Raises ResourceError."""
    try:
        room = repository.get(canonical_code(code))
    except ValueError:  # no room can have such a code, so none needs to be looked up
        room = None
    if room is None:
        raise ResourceError(code)
    return room
