"""Loads and streams of many rooms."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, RoomQuery
from rentomatic.repository.contract.builders import make_room
from rentomatic.repository.contract.storage import LONDON, Contract, codes_of, everything
from rentomatic.use_cases.errors import ConflictError
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository


class Loading(Contract):
    """Loads, which change all or nothing, and streams, which show one moment."""

    def test_a_load_counts_added_replaced_and_unchanged_rooms(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="a"), make_room(code="b")])

        counts = repository.load([make_room(code="a"), make_room(code="b", price=1), make_room(code="c")])

        assert LoadCounts(added=1, replaced=1, unchanged=1) == counts
        assert make_room(code="b", price=1) == repository.get("b")

    @pytest.mark.parametrize(("old", "new"), [(None, 20), (20, None), (None, None)])
    def test_a_room_is_replaced_with_and_without_a_size(
        self, repository: RoomRepository, old: int | None, new: int | None
    ) -> None:
        repository.load([make_room(size=old)])

        counts = repository.load([make_room(size=new, price=1)])

        assert LoadCounts(replaced=1) == counts
        assert make_room(size=new, price=1) == repository.get("a1")

    def test_a_load_may_skip_rooms_that_differ(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="a")])

        counts = repository.load([make_room(code="a", price=1), make_room(code="b")], OnConflict.SKIP)

        assert LoadCounts(added=1, skipped=1) == counts
        assert make_room(code="a") == repository.get("a")

    def test_a_load_that_fails_on_a_room_that_differs_changes_nothing(
        self, repository: RoomRepository
    ) -> None:
        repository.load([make_room(code="b")])

        with pytest.raises(ConflictError, match="b"):
            repository.load([make_room(code="a"), make_room(code="b", price=1)], OnConflict.FAIL)

        assert [make_room(code="b")] == everything(repository)

    def test_repeated_codes_in_a_load_are_applied_in_order(self, repository: RoomRepository) -> None:
        rooms = [make_room(price=1), make_room(price=2), make_room(price=2), make_room(price=3)]

        counts = repository.load(rooms)

        assert LoadCounts(added=1, replaced=2, unchanged=1) == counts
        assert make_room(price=3) == repository.get("a1")

    def test_a_dry_run_counts_and_changes_nothing(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="a")])

        counts = repository.load([make_room(code="a", price=1), make_room(code="b")], dry_run=True)

        assert LoadCounts(added=1, replaced=1) == counts
        assert [make_room(code="a")] == everything(repository)

    def test_an_interrupted_load_changes_nothing(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="a")])

        def rooms() -> Iterator[Room]:
            yield from (make_room(code=f"n{number}") for number in range(120))
            raise RuntimeError("the file ended too soon")

        with pytest.raises(RuntimeError):
            repository.load(rooms())

        assert [make_room(code="a")] == everything(repository)

    @pytest.mark.parametrize("size", [2, 120])
    def test_an_exact_load_removes_other_rooms(self, repository: RoomRepository, size: int) -> None:
        kept = [make_room(code=f"k{number:04}", latitude=10) for number in range(size)]
        repository.load([*kept, *(make_room(code=f"old{number}") for number in range(size))])
        changed = [make_room(code=kept[0].code, price=1), *kept[1:], make_room(code="new")]

        counts = repository.load([*changed, kept[1]], exactly=True)

        assert LoadCounts(added=1, replaced=1, unchanged=size, removed=size) == counts
        assert sorted(changed, key=lambda room: room.code) == everything(repository)
        assert repository.count(RoomQuery(areas=(BoundingBox(-1, 51, 1, 52),))) == 2
        assert LoadCounts(unchanged=size + 1) == repository.load(changed, exactly=True)

    def test_others_can_write_while_the_rooms_of_a_load_are_still_arriving(
        self, repository: RoomRepository
    ) -> None:
        def rooms() -> Iterator[Room]:
            yield make_room(code="a", price=1)
            assert repository.swap(None, make_room(code="b", price=2))
            assert LoadCounts(added=1) == repository.load([make_room(code="a", price=2)])
            yield make_room(code="b", price=1)

        counts = repository.load(rooms())

        assert LoadCounts(replaced=2) == counts
        assert [1, 1] == [room.price for room in repository.search(RoomQuery()).rooms]

    def test_an_exact_load_of_no_rooms_empties_the_storage(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="a"), make_room(code="b")])

        assert LoadCounts(removed=2) == repository.load([], exactly=True)
        assert everything(repository) == []
        assert LoadCounts() == repository.load([], exactly=True)

    def test_an_exact_load_keeps_rooms_that_it_skips(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="a"), make_room(code="b")])

        counts = repository.load([make_room(code="a", price=1)], OnConflict.SKIP, exactly=True)

        assert LoadCounts(skipped=1, removed=1) == counts
        assert [make_room(code="a")] == everything(repository)

    def test_a_dry_run_counts_what_would_be_removed(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="a"), make_room(code="b")])

        counts = repository.load([make_room(code="a")], dry_run=True, exactly=True)

        assert LoadCounts(unchanged=1, removed=1) == counts
        assert [make_room(code="a"), make_room(code="b")] == everything(repository)

    def test_an_interrupted_exact_load_changes_nothing(self, repository: RoomRepository) -> None:
        before = [make_room(code=f"a{number}") for number in range(3)]
        repository.load(before)

        def rooms() -> Iterator[Room]:
            yield from (make_room(code=f"n{number}") for number in range(120))
            raise RuntimeError("the file ended too soon")

        for _ in range(2):  # twice: the first must leave nothing behind that hinders the second
            with pytest.raises(RuntimeError):
                repository.load(rooms(), exactly=True)

            assert before == everything(repository)

    def test_readers_never_see_an_exact_load_half_done(self, repository: RoomRepository) -> None:
        old, new = ([make_room(code=f"{kind}{number:03}") for number in range(60)] for kind in ("a", "b"))
        repository.load(old)
        done, seen = threading.Event(), []

        def read() -> None:
            while not done.is_set():
                seen.append(everything(repository))

        with ThreadPoolExecutor() as pool:
            reading = pool.submit(read)
            for rooms in (new, old, new):  # each in two batches
                repository.load(rooms, exactly=True)
            done.set()
            reading.result(timeout=60)

        assert all(found in (old, new) for found in seen)
        assert new == everything(repository)

    def test_a_large_load_is_found_by_every_index(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="old", price=7, latitude=10)])
        rooms = [
            make_room(code=f"n{n}", price=n % 100, size=n % 60 + 1, latitude=n / 200, longitude=n / 100)
            for n in range(300)
        ]

        counts = repository.load([*rooms, make_room(code="old", price=8, latitude=20), *rooms[:10]])

        assert LoadCounts(added=300, replaced=1, unchanged=10) == counts
        for query in (
            RoomQuery(conditions=(Condition(Field.PRICE, Operator.EQ, 8),)),
            RoomQuery(conditions=(Condition(Field.SIZE, Operator.EQ, 8),)),
            RoomQuery(areas=(BoundingBox(-1, 1.2, 41, 20.1),)),
        ):
            matching = sum(map(query.matches, [*rooms, make_room(code="old", price=8, latitude=20)]))
            assert matching == repository.count(query) > 0
        near = RoomQuery(near=Point(20, -0.12), sort=BY_DISTANCE, limit=1)
        assert repository.search(near).rooms[0].code == "old"

    def test_a_moved_room_is_found_only_at_its_new_place(self, repository: RoomRepository) -> None:
        repository.load([make_room(latitude=10, longitude=10)])
        repository.load([make_room(latitude=-10, longitude=170)])

        assert repository.count(RoomQuery(areas=(BoundingBox(9, 9, 11, 11),))) == 0
        assert repository.count(RoomQuery(areas=(BoundingBox(169, -11, 171, -9),))) == 1

    def test_a_removed_room_is_gone(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="a"), make_room(code="b")])

        assert repository.swap(make_room(code="a"), None)
        assert repository.get("a") is None
        assert codes_of(repository, RoomQuery(areas=(Circle(LONDON, 100_000),))) == ["b"]

    def test_a_stream_gives_every_match_in_order(self, repository: RoomRepository) -> None:
        repository.load(
            make_room(code=f"{n:03}", price=n * 7 % 11, size=n % 5 or None, latitude=n * 13 % 90)
            for n in range(150)
        )
        for sort in SORTS.values():
            query = RoomQuery(
                conditions=(Condition(Field.PRICE, Operator.LT, 9),), sort=sort, near=LONDON, limit=7
            )
            with repository.stream(query) as rooms:
                streamed = [room.code for room in rooms]

            assert codes_of(repository, query) == streamed
            assert len(streamed) > 100

    def test_a_stream_shows_one_moment(self, repository: RoomRepository) -> None:
        repository.load(make_room(code=f"{n:04}") for n in range(120))

        with repository.stream(RoomQuery()) as rooms:
            first = next(rooms)
            repository.load([make_room(code="zzzz")])
            repository.swap(make_room(code="0119"), None)
            rest = [room.code for room in rooms]

        assert [f"{n:04}" for n in range(120)] == [first.code, *rest]
        assert repository.get("zzzz") is not None

    def test_a_stream_may_be_closed_early(self, repository: RoomRepository) -> None:
        repository.load(make_room(code=f"{n:04}") for n in range(120))

        for _ in range(8):
            with repository.stream(RoomQuery()) as rooms:
                next(rooms)

        assert LoadCounts(added=1) == repository.load([make_room(code="new")])

    def test_readers_never_see_half_a_load(self, repository: RoomRepository) -> None:
        repository.load(make_room(code=f"{n:03}", price=1) for n in range(60))
        stop = threading.Event()

        def read() -> set[int]:
            """Return the numbers of old prices that a reader saw at once."""
            seen = set()
            while not stop.is_set():
                with repository.stream(RoomQuery()) as rooms:
                    seen.add(len({room.price for room in rooms}))
            return seen

        # No more threads than the pool has connections, writer included: not every pool serves waiters
        # fairly.
        with ThreadPoolExecutor() as pool:
            readers = [pool.submit(read) for _ in range(3)]
            try:
                for price in (2, 3):
                    repository.load(make_room(code=f"{n:03}", price=price) for n in range(60))
            finally:
                stop.set()
            seen = set().union(*(reader.result(timeout=60) for reader in readers))

        assert {1} == seen

    def test_writers_in_several_threads_wait_for_each_other(self, repository: RoomRepository) -> None:
        def write(writer: int) -> None:
            for n in range(10):
                repository.load([make_room(code=f"{writer}-{n}")])

        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(write, range(4), timeout=60))

        assert repository.count(RoomQuery()) == 40

    def test_a_working_storage_answers_a_ping(self, repository: RoomRepository) -> None:
        repository.ping()
