"""Add a room."""

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import ConflictError
from rentomatic.use_cases.ports import RoomRepository


def add_room(repository: RoomRepository, room: Room) -> None:
    """Add the room. Raises ConflictError if its code is taken."""
    if not repository.swap(None, room):
        raise ConflictError(room.code)
