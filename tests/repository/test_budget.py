"""Time limits of storages."""

import pytest

from rentomatic.domain.clusters import Grid
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.budget import PATIENCE, Deadline, patient_seconds, seconds_within
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.errors import NotQuick, OutOfTime
from tests.builders import make_room


@pytest.mark.parametrize(("within", "expected"), [(None, 10), (3, 3), (10, 10), (60, 10)])
def test_a_time_limit_never_exceeds_the_default(within: float | None, expected: float) -> None:
    assert expected == seconds_within(within, 10)


@pytest.mark.parametrize("within", [0, 0.0, -1])
def test_a_time_limit_of_zero_is_short_rather_than_unlimited(within: float) -> None:
    assert 0 < seconds_within(within, 10) < 0.01


@pytest.mark.parametrize(("within", "expected"), [(None, 10), (1, PATIENCE), (3, 3 * PATIENCE), (9, 10)])
def test_wall_clock_time_is_several_times_processor_time_but_never_more_than_the_default(
    within: float | None, expected: float
) -> None:
    assert expected == patient_seconds(within, 10)


class Clocks:
    """Processor and wall clocks that are set by hand."""

    processor = wall = 0.0

    def deadline(self, within: float | None, timeout: float) -> Deadline:
        return Deadline(within, timeout, lambda: self.processor, lambda: self.wall)


def test_a_read_ends_when_its_processor_time_is_used_up() -> None:
    clocks = Clocks()
    deadline = clocks.deadline(1, 10)

    clocks.processor = 0.9
    assert not deadline.passed()
    clocks.processor = 1.1
    assert deadline.passed()


def test_a_read_waits_for_other_threads_for_a_limited_time() -> None:
    clocks = Clocks()
    deadline = clocks.deadline(1, 10)

    clocks.wall = PATIENCE - 0.1
    assert not deadline.passed()
    clocks.wall = PATIENCE + 0.1
    assert deadline.passed()


@pytest.mark.parametrize("within", [None, 9])
def test_a_read_never_takes_longer_than_the_statement_timeout(within: float | None) -> None:
    clocks = Clocks()
    deadline = clocks.deadline(within, 10)

    clocks.wall = 10.1
    assert deadline.passed()


def test_items_are_yielded_until_the_time_is_up() -> None:
    clocks = Clocks()
    items = clocks.deadline(1, 10).watched(range(10_000))

    next(items)
    clocks.processor = 2
    with pytest.raises(OutOfTime):
        list(items)


def test_searches_in_memory_that_take_too_long_are_ended() -> None:
    repository = MemRepo(make_room(code=f"r{number}") for number in range(5000))
    everything, grid = RoomQuery(), Grid(width=1, height=1)

    for ask in (
        lambda: repository.search(everything, within=0),
        lambda: repository.count(everything, within=0),
        lambda: repository.summarise(everything, within=0),
        lambda: repository.sample(everything, within=0),
        lambda: repository.cells(everything, grid, within=0),
    ):
        with pytest.raises(OutOfTime):
            ask()


def test_searches_in_memory_are_quick_with_few_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rentomatic.repository.memory.repository.QUICK", 3)
    few, many = (MemRepo(make_room(code=f"r{n}") for n in range(rooms)) for rooms in (3, 4))

    assert 3 == few.count(RoomQuery(), quick=True)
    assert 3 == len(few.search(RoomQuery(), quick=True).rooms)
    for ask in (many.search, many.count):
        with pytest.raises(NotQuick):
            ask(RoomQuery(), quick=True)
