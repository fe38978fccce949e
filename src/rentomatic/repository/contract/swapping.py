"""Replacing one room by another while many try at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.room import MAX_INTEGER, Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.contract.builders import make_room
from rentomatic.repository.contract.storage import Contract, everything
from rentomatic.use_cases.ports import RoomRepository

OTHERS = [
    make_room(size=21),
    make_room(size=None),
    make_room(price=61),
    make_room(latitude=51.500000000000007),
    make_room(longitude=-0.12000000000000002),
    make_room(title="Quiet"),
    make_room(kind="Quiet"),
    make_room(neighbourhood="Quiet"),
    make_room(guests=1),
    make_room(min_stay=1),
]
"""Rooms with the same code that differ from each other in one value."""

EXTREMES = [
    make_room(size=MAX_INTEGER, price=MAX_INTEGER),
    make_room(size=1, price=0),
    make_room(size=None, latitude=0, longitude=0),
    make_room(latitude=90, longitude=180),
    make_room(latitude=-90, longitude=-180),
    make_room(latitude=1e-15, longitude=-1e-15),
    make_room(latitude=89.99999999999999, longitude=-179.99999999999997),
    make_room(latitude=0.1 + 0.2, longitude=1 / 3),
    make_room(title="%s 'ß' \\N \U0001f6cf", size=None),
    make_room(title="x" * 120, kind="x" * 60, neighbourhood="ß" * 80, guests=1000, min_stay=3650),
]


class Swapping(Contract):
    """Swaps, which happen in one step and only if the old room is still there."""

    def test_swapping_none_for_a_room_adds_it(self, repository: RoomRepository) -> None:
        assert repository.swap(None, make_room())

        assert make_room() == repository.get("a1")

    def test_swapping_a_room_replaces_it(self, repository: RoomRepository) -> None:
        repository.load([make_room(), make_room(code="b2")])

        assert repository.swap(make_room(), make_room(price=1))

        assert [make_room(price=1), make_room(code="b2")] == everything(repository)

    def test_a_swapped_room_is_found_at_its_new_place(self, repository: RoomRepository) -> None:
        repository.load([make_room()])

        repository.swap(make_room(), make_room(latitude=-33.9, longitude=151.2))

        query = RoomQuery(areas=(BoundingBox(151, -34, 152, -33),))
        assert repository.search(query).rooms == (make_room(latitude=-33.9, longitude=151.2),)

    def test_swapping_a_room_for_none_removes_it(self, repository: RoomRepository) -> None:
        repository.load([make_room(), make_room(code="b2")])

        assert repository.swap(make_room(), None)

        assert [make_room(code="b2")] == everything(repository)

    @pytest.mark.parametrize("old", OTHERS, ids=repr)
    @pytest.mark.parametrize("new", [make_room(price=1), None], ids=["replace", "remove"])
    def test_a_room_that_is_not_stored_is_not_replaced(
        self, repository: RoomRepository, old: Room, new: Room | None
    ) -> None:
        repository.load([make_room()])

        assert not repository.swap(old, new)

        assert [make_room()] == everything(repository)

    @pytest.mark.parametrize("present", OTHERS, ids=repr)
    def test_none_is_not_swapped_where_a_room_exists(self, repository: RoomRepository, present: Room) -> None:
        repository.load([present])

        assert not repository.swap(None, make_room())

        assert [present] == everything(repository)

    @pytest.mark.parametrize("new", [make_room(price=1), None], ids=["replace", "remove"])
    def test_nothing_is_replaced_in_an_empty_storage(
        self, repository: RoomRepository, new: Room | None
    ) -> None:
        assert not repository.swap(make_room(), new)

        assert [] == everything(repository)

    @pytest.mark.parametrize("room", EXTREMES, ids=repr)
    def test_a_stored_room_equals_itself_whatever_its_values(
        self, repository: RoomRepository, room: Room
    ) -> None:
        assert repository.swap(None, room)
        found = repository.get("a1")

        assert room == found
        assert repository.swap(found, make_room())
        assert repository.swap(make_room(), room)
        assert repository.swap(room, room)
        assert repository.swap(room, None)

    def test_a_swap_leaves_another_room_at_the_same_place_alone(self, repository: RoomRepository) -> None:
        repository.load([make_room(), make_room(code="A1")])

        assert repository.swap(make_room(code="A1"), make_room(code="A1", price=2))

        assert [make_room(code="A1", price=2), make_room()] == everything(repository)

    @pytest.mark.parametrize(("old", "new"), [(None, None), (make_room(), make_room(code="b2"))])
    def test_a_swap_of_two_codes_is_refused(
        self, repository: RoomRepository, old: Room | None, new: Room | None
    ) -> None:
        repository.load([make_room()])
        with pytest.raises(ValueError, match="same code"):
            repository.swap(old, new)

        assert [make_room()] == everything(repository)

    @pytest.mark.parametrize(
        ("old", "remove"),
        [(None, False), (make_room(price=0), False), (make_room(price=0), True)],
        ids=["add", "replace", "remove"],
    )
    def test_exactly_one_of_many_concurrent_swaps_wins(
        self, repository: RoomRepository, old: Room | None, remove: bool
    ) -> None:
        threads = 4
        for _ in range(8):
            repository.load([] if old is None else [old], exactly=True)
            start = threading.Barrier(threads)

            def compete(number: int, start: threading.Barrier = start) -> bool:
                start.wait(30)
                return repository.swap(old, None if remove else make_room(price=number))

            with ThreadPoolExecutor(threads) as pool:
                won = list(pool.map(compete, range(1, threads + 1)))

            assert 1 == won.count(True)
            left = None if remove else make_room(price=won.index(True) + 1)
            assert left == repository.get("a1")

    def test_concurrent_edits_are_all_kept(self, repository: RoomRepository) -> None:
        repository.load([make_room(price=0)])

        def raise_price(times: int) -> None:
            while times:
                present = repository.get("a1")
                assert present is not None
                times -= repository.swap(present, make_room(price=present.price + 1))

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(raise_price, 10) for _ in range(4)]:
                done.result(timeout=60)

        assert make_room(price=40) == repository.get("a1")
