"""Add a room, or replace the one with the same code."""

from rentomatic.domain.room import Room
from rentomatic.use_cases.exchange import Expectation, anything, exchange
from rentomatic.use_cases.ports import RoomRepository


def save_room(repository: RoomRepository, room: Room, expected: Expectation = anything) -> Room | None:
    """Add or replace the room; return the room that was there before.

    Raises PreconditionFailed if the room that is there is not as `expected`.
    """
    return exchange(repository, room.code, room, expected)
