"""A copy has all rooms, and is reported as identical only then."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.checksum import Checksum
from rentomatic.use_cases.copy_rooms import TargetNotEmpty, copy_rooms
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts
from tests.builders import make_room, room_sets


def checksum(rooms: Iterable[Room]) -> Checksum:
    found = Checksum()
    for room in rooms:
        found.add(room)
    return found


def holding(*rooms: Room) -> MemRepo:
    repository = MemRepo()
    repository.load(rooms)
    return repository


def rooms_of(repository: MemRepo) -> list[Room]:
    with repository.stream(RoomQuery()) as rooms:
        return list(rooms)


@given(room_sets(), st.randoms())
def test_a_checksum_does_not_depend_on_the_order(rooms: list[Room], random: Random) -> None:
    shuffled = random.sample(rooms, len(rooms))

    assert checksum(rooms) == checksum(shuffled)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "a2"},
        {"size": None},
        {"size": 21},
        {"price": 61},
        {"latitude": 51.500000000000007},
        {"longitude": -0.12000000000000001},
        {"latitude": -0.12, "longitude": 51.5},
        {"size": 60, "price": 20},
    ],
)
def test_a_checksum_is_changed_by_any_field(change: dict[str, object]) -> None:
    others = [make_room(code="b1"), make_room(code="c1", size=None)]

    assert str(checksum([*others, make_room()])) != str(checksum([*others, make_room(**change)]))


@given(room_sets())
def test_a_missing_room_changes_the_checksum(rooms: list[Room]) -> None:
    assert checksum([*rooms, make_room(code="the-last-of-all-rooms")]) != checksum(rooms)


def test_the_checksum_is_as_documented() -> None:
    # printf 'a1\t20\t60\t51.5\t-0.12' | b2sum --length 128
    assert (1, "c31b1291f887799cabcef5d177a1e491") == (
        checksum([make_room()]).count,
        str(checksum([make_room()])),
    )
    assert (0, "0" * 32) == (checksum([]).count, str(checksum([])))


def test_a_copy_has_the_rooms_of_the_source() -> None:
    rooms, target = [make_room(), make_room(code="b1", size=None)], MemRepo()

    report = copy_rooms(iter(rooms), target)

    assert rooms == rooms_of(target)
    assert LoadCounts(added=2) == report.counts
    assert checksum(rooms) == report.source == report.target
    assert report.identical


def test_a_copy_of_nothing_is_identical() -> None:
    assert copy_rooms(iter([]), MemRepo()).identical


def test_a_target_with_rooms_is_left_alone() -> None:
    target = holding(make_room(code="old"))

    with pytest.raises(TargetNotEmpty):
        copy_rooms(iter([make_room()]), target)

    assert [make_room(code="old")] == rooms_of(target)


def test_rooms_with_the_same_code_are_replaced_if_requested() -> None:
    target = holding(make_room(price=1))

    report = copy_rooms(iter([make_room()]), target, replace=True)

    assert LoadCounts(replaced=1) == report.counts
    assert report.identical


def test_extra_rooms_in_the_target_are_noticed() -> None:
    target = holding(make_room(code="old"))

    report = copy_rooms(iter([make_room()]), target, replace=True)

    assert not report.identical
    assert (1, 2) == (report.source.count, report.target.count)


class Forgetful(MemRepo):
    """Returns other rooms than it was given: the price of the first is wrong."""

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        with super().stream(query) as rooms:
            first = next(rooms)
            yield iter([make_room(code=first.code, price=first.price + 1), *rooms])


def test_changed_rooms_in_the_target_are_noticed() -> None:
    report = copy_rooms(iter([make_room(), make_room(code="b1")]), Forgetful())

    assert not report.identical
    assert report.source.count == report.target.count


def test_a_failing_source_leaves_the_target_empty() -> None:
    def rooms() -> Iterator[Room]:
        yield make_room()
        raise RepositoryUnavailable("gone")

    target = MemRepo()

    with pytest.raises(RepositoryUnavailable, match="gone"):
        copy_rooms(rooms(), target)

    assert rooms_of(target) == []


def test_progress_of_copying_and_comparing_can_be_shown() -> None:
    seen: list[list[str]] = []

    def watched(rooms: Iterator[Room]) -> Iterator[Room]:
        seen.append([])
        for room in rooms:
            seen[-1].append(room.code)
            yield room

    copy_rooms(iter([make_room(code="b1"), make_room()]), MemRepo(), watched=watched)

    assert seen == [["b1", "a1"], ["a1", "b1"]]
