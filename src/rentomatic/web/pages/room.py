"""The page of one room: its facts, its comparison with rooms nearby, and the nearest others."""

from falcon import Request, Response

from rentomatic.domain.comparison import Comparison, compare
from rentomatic.domain.room import Room, canonical_code
from rentomatic.use_cases.budget import NewBudget
from rentomatic.use_cases.compare_room import RADIUS, compare_room
from rentomatic.use_cases.errors import RepositoryUnavailable, ResourceError
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.show_room import show_room
from rentomatic.web.pages.layout import Layout
from rentomatic.web.pages.room_view import RoomView


class RoomPage:
    """`/room/{code}`: a room for people; `/rooms/{code}` is the same for programs."""

    def __init__(self, repository: RoomRepository, layout: Layout, new_budget: NewBudget) -> None:
        self._repository = repository
        self._new_budget = new_budget
        self._layout = layout

    def on_get(self, req: Request, resp: Response, code: str) -> None:
        if (canonical := _canonical(code)) != code:
            resp.status = 301
            resp.location = f"/room/{canonical}" + (f"?{req.query_string}" if req.query_string else "")
            return
        room = show_room(self._repository, code)
        done = req.get_param("done", default="")
        view = RoomView(room, self._comparison(room), self._layout.money, done)
        self._layout.answer(req, resp, "room.html", view=view)

    on_head = on_get

    def _comparison(self, room: Room) -> Comparison:
        """Compare the room with its neighbours, or with none if they cannot be read like the room."""
        try:
            return compare_room(self._repository, room, self._new_budget())
        except RepositoryUnavailable:
            return compare(room, (), RADIUS, complete=False)


def _canonical(code: str) -> str:
    """Return the canonical code of a room. Raises ResourceError if no room can have this code."""
    try:
        return canonical_code(code)
    except ValueError:
        raise ResourceError(code) from None
