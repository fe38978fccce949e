"""Writes of single rooms by the API and the pages: each has a place in a lane and an audit line."""

from falcon import Request

from rentomatic.domain.room import Room, canonical_code
from rentomatic.use_cases.add_room import add_room
from rentomatic.use_cases.exchange import Expectation, anything
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.remove_room import remove_room
from rentomatic.use_cases.save_room import save_room
from rentomatic.web.access.keys import Keys
from rentomatic.web.limits.turns import Turns


class Writes:
    """Runs the use cases that add, save and remove rooms, for a request whose key was checked.

    Every method may also raise Overloaded, before anything is written.
    """

    def __init__(self, repository: RoomRepository, keys: Keys, turns: Turns) -> None:
        self._repository = repository
        self._keys = keys
        self._turns = turns

    def add(self, req: Request, room: Room) -> None:
        """Add a room. Raises ConflictError if its code is taken."""
        self._turns.move(self._turns.lanes.writes)
        with self._keys.attempt(req, "add", code=room.code, new=room):
            add_room(self._repository, room)
        self._keys.audit(req, "add", code=room.code, old=None, new=room)

    def save(self, req: Request, room: Room, expected: Expectation = anything) -> Room | None:
        """Add or replace a room; return the previous one. Raises PreconditionFailed."""
        self._turns.move(self._turns.lanes.writes)
        with self._keys.attempt(req, "put", code=room.code, new=room):
            old = save_room(self._repository, room, expected)
        self._keys.audit(req, "replace" if old else "add", code=room.code, old=old, new=room)
        return old

    def remove(self, req: Request, code: str, expected: Expectation = anything) -> Room:
        """Remove a room and return it. Raises ResourceError and PreconditionFailed."""
        self._turns.move(self._turns.lanes.writes)
        with self._keys.attempt(req, "remove", code=code, new=None):
            old = remove_room(self._repository, code, expected)
        self._keys.audit(req, "remove", code=canonical_code(code), old=old, new=None)
        return old
