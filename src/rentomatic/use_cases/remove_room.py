"""Take a room down."""

from rentomatic.domain.room import canonical_code
from rentomatic.use_cases.errors import ResourceError
from rentomatic.use_cases.ports import RoomRepository


def remove_room(repository: RoomRepository, code: str) -> None:
    """Remove the room of that code, a UUID in upper or lower case. Raises ResourceError."""
    try:
        removed = repository.remove(canonical_code(code))
    except ValueError:
        removed = False
    if not removed:
        raise ResourceError(code)
