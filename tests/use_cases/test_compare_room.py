from rentomatic.domain.search import Page, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.compare_room import NEAREST, compare_room
from tests.builders import make_room
from tests.slow import a_second

ROOM = make_room(code="a1", price=60, size=20, latitude=51.5, longitude=-0.12)
METRE = 1 / 111_195
"""Degrees of latitude."""


class CountingRepo(MemRepo):
    """Counts its searches."""

    searches = 0

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        self.searches += 1
        return super().search(query)


def test_a_lone_room_has_no_neighbours_and_no_rank() -> None:
    found = compare_room(MemRepo([ROOM, make_room(code="far", latitude=52.0)]), ROOM, a_second())

    assert ((), None, None) == (found.neighbours, found.price, found.price_per_area)
    assert (1000, True) == (found.radius, found.complete)


def test_neighbours_are_other_rooms_within_a_kilometre_nearest_first() -> None:
    rooms = [make_room(code=f"m{metres}", latitude=51.5 + metres * METRE) for metres in (990, 10, 1010, 500)]

    found = compare_room(MemRepo([*rooms, ROOM]), ROOM, a_second())

    assert ["m10", "m500", "m990"] == [room.code for room in found.neighbours]


def test_rooms_at_the_same_place_are_neighbours() -> None:
    others = make_room(code="a0", price=50), make_room(code="a2", price=60)
    found = compare_room(MemRepo([ROOM, *others]), ROOM, a_second())

    assert found.price
    assert (1, 1, 0) == (found.price.below, found.price.equal, found.price.above)
    assert found.price.median == 55
    assert found.price.percentile == 75


def test_with_very_many_rooms_only_the_nearest_are_compared_and_the_radius_shrinks() -> None:
    rooms = [make_room(code=f"r{n:04}", latitude=51.5 + n / 2 * METRE) for n in range(1, 1500)]
    repository = CountingRepo([*rooms, ROOM])

    found = compare_room(repository, ROOM, a_second())

    assert (199, False, 1) == (len(found.neighbours), found.complete, repository.searches)
    assert round(found.radius, 1) == 99.5


def test_with_very_many_rooms_at_one_place_the_room_itself_may_be_missing() -> None:
    rooms = [make_room(code=f"0{n:04}") for n in range(1000)]

    found = compare_room(MemRepo([*rooms, ROOM]), ROOM, a_second())

    assert (NEAREST, False, 0) == (len(found.neighbours), found.complete, found.radius)
