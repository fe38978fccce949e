"""Put a room in the place of whatever has its code."""

from rentomatic.domain.room import Room
from rentomatic.use_cases.exchange import Expectation, exchange, whatever
from rentomatic.use_cases.ports import RoomRepository


def save_room(repository: RoomRepository, room: Room, may: Expectation = whatever) -> Room | None:
    """Add or replace the room; the one that was there before.

    Raises PreconditionFailed where `may` says no to what is there.
    """
    return exchange(repository, room.code, room, may)
