"""Show one room."""

from rentomatic.domain.room import Room, canonical_code
from rentomatic.use_cases.errors import ResourceError
from rentomatic.use_cases.ports import RoomRepository


def show_room(repository: RoomRepository, code: str) -> Room:
    """Return the room with that code; a UUID may be in upper or lower case. Raises ResourceError."""
    try:
        room = repository.get(canonical_code(code))
    except ValueError:  # no room can have such a code
        room = None
    if room is None:
        raise ResourceError(code)
    return room
