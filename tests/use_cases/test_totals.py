"""The number and prices of matching rooms, exact or estimated."""

from dataclasses import replace
from math import inf

import pytest

from rentomatic.domain.search import Condition, Field, Operator, Page, RoomQuery
from rentomatic.domain.summary import Count, Sample, Summary
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.budget import Budget, exact_or_estimated
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, StorageBusy, TooCostly
from rentomatic.use_cases.search_rooms import search_rooms
from rentomatic.use_cases.summarise_rooms import summarise_rooms
from tests.builders import make_room
from tests.slow import Clock, LargeRepo, SlowRepo, a_second

ROOMS = [make_room(code=f"r{number:03}", price=40 + number % 20, size=20) for number in range(100)]
CHEAP = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 44),), limit=3)
RARE = RoomQuery(conditions=(Condition(Field.CODE, Operator.IN, ("r001", "r003", "r005")),), limit=2)
NOWHERE = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 0),))


class TimedRepo(SlowRepo):
    """Records the seconds and purpose of each read; takes all of them, except for pages."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(ROOMS)
        self.clock = clock
        self.given: list[tuple[str, float | None]] = []

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        self._take("search", within, 0.2)
        return super().search(query, within)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        self._take("count", within)
        return super().count(query, at_most, within)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        self._take("summarise", within)
        return super().summarise(query, within)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        self._take("sample", within)
        return super().sample(query, within)

    def _take(self, what: str, within: float | None, needs: float = inf) -> None:
        assert within is not None
        self.given.append((what, round(within, 6)))
        self.clock.now += min(within, needs)


def test_an_exact_summary_gets_most_of_the_time_and_a_sample_the_rest() -> None:
    repository = TimedRepo(Clock())
    summarise_rooms(repository, CHEAP, Budget(1.0, repository.clock))

    assert [("summarise", 0.6), ("sample", 0.4)] == repository.given


def test_the_page_comes_first_and_its_total_gets_the_rest_of_the_time() -> None:
    repository = TimedRepo(Clock())
    search_rooms(repository, CHEAP, Budget(1.0, repository.clock), with_total=True)

    assert [("search", 1.0), ("count", 0.48), ("sample", 0.32)] == repository.given


def test_an_estimate_is_reused_within_a_request() -> None:
    repository = LargeRepo(ROOMS)
    budget = a_second()
    found = search_rooms(repository, CHEAP, budget, with_total=True, quick=True)
    summary = summarise_rooms(repository, CHEAP, budget, quick=True)

    assert 1 == repository.sampled
    assert found.total
    assert found.total.rooms == summary.count


@pytest.mark.parametrize("quick", [False, True])
def test_totals_are_estimated_if_only_quick_reads_are_wanted(quick: bool) -> None:
    repository = LargeRepo(ROOMS)
    found = search_rooms(repository, CHEAP, a_second(), with_total=True, quick=quick)
    summary = summarise_rooms(repository, CHEAP, a_second(), quick=quick)

    assert (Count(20, exact=not quick), not quick) == (found.total, summary.exact)


def test_a_late_count_leaves_the_sample_its_share_of_the_time() -> None:
    repository = TimedRepo(Clock())

    def late(seconds: float) -> int:
        repository.clock.now += 0.75
        raise OutOfTime

    budget = Budget(1.0, repository.clock)
    exact_or_estimated(repository, CHEAP, budget, late, lambda estimate: estimate.count)

    assert [("sample", 0.4)] == repository.given


def test_a_silent_storage_is_not_reported_as_a_costly_search() -> None:
    class SilentRepo(TimedRepo):
        def _take(self, what: str, within: float | None, needs: float = inf) -> None:
            self.clock.now += 2.0
            raise StorageBusy

    repository = SilentRepo(Clock())

    with pytest.raises(StorageBusy):
        summarise_rooms(repository, CHEAP, Budget(1.0, repository.clock))


def test_the_storage_is_not_queried_when_the_time_is_up() -> None:
    repository = TimedRepo(Clock())
    budget = Budget(1.0, repository.clock)
    repository.clock.now += 0.995

    with pytest.raises(TooCostly):
        search_rooms(repository, CHEAP, budget)
    with pytest.raises(TooCostly):
        summarise_rooms(repository, CHEAP, budget)

    assert [] == repository.given


def test_waiting_for_a_connection_does_not_make_a_search_too_costly() -> None:
    class CrowdedRepo(MemRepo):
        def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
            raise StorageBusy

    with pytest.raises(StorageBusy):
        search_rooms(CrowdedRepo(), CHEAP, a_second())


def test_a_part_of_a_budget_never_exceeds_what_is_left() -> None:
    clock = Clock()
    budget = Budget(1.0, clock)
    clock.now += 0.75

    assert (0.25, 0.125) == (budget.at_most(0.5).left(), budget.at_most(0.125).left())


def test_a_summary_and_a_total_in_time_are_exact() -> None:
    summary = summarise_rooms(MemRepo(ROOMS), CHEAP, a_second())

    assert (20, True) == (summary.count, summary.exact)
    assert Count(20) == search_rooms(MemRepo(ROOMS), CHEAP, a_second(), with_total=True).total


def test_a_summary_that_takes_too_long_is_estimated_from_a_sample() -> None:
    summary = summarise_rooms(SlowRepo(ROOMS), CHEAP, a_second())

    assert (20, False) == (summary.count, summary.exact)
    assert summary.count == sum(bucket.count for bucket in summary.histogram)


def test_a_total_that_takes_too_long_is_estimated_from_the_same_sample() -> None:
    assert Count(20, exact=False) == search_rooms(SlowRepo(ROOMS), CHEAP, a_second(), with_total=True).total


def test_an_estimated_total_is_never_below_what_the_page_shows() -> None:
    assert Count(3, exact=False) == search_rooms(SlowRepo(ROOMS), RARE, a_second(), with_total=True).total


def test_a_sample_without_a_match_does_not_prove_that_there_is_none() -> None:
    summary = summarise_rooms(SlowRepo(ROOMS), RARE, a_second())

    assert (0, None, (), False) == (summary.count, summary.price, summary.histogram, summary.exact)


@pytest.mark.parametrize("query", [NOWHERE, replace(RARE, limit=3)])
def test_the_total_of_a_single_page_is_its_length(query: RoomQuery) -> None:
    found = search_rooms(SlowRepo(ROOMS), query, a_second(), with_total=True)

    assert Count(len(found.rooms)) == found.total


def test_a_summary_without_a_timely_sample_is_an_error() -> None:
    repository = SlowRepo(ROOMS)
    repository.samples = False

    with pytest.raises(TooCostly):
        summarise_rooms(repository, CHEAP, a_second())


def test_a_page_without_a_timely_sample_has_no_total() -> None:
    repository = SlowRepo(ROOMS)
    repository.samples = False
    found = search_rooms(repository, CHEAP, a_second(), with_total=True)

    assert (3, None) == (len(found.rooms), found.total)
    assert search_rooms(repository, CHEAP, a_second()).next == found.next
    repository.samples = True
    assert Count(20, exact=False) == search_rooms(repository, CHEAP, a_second(), with_total=True).total


def test_a_page_has_no_total_if_the_storage_fails_during_the_count() -> None:
    class GoneRepo(MemRepo):
        def count(
            self,
            query: RoomQuery,
            at_most: int | None = None,
            within: float | None = None,
            *,
            quick: bool = False,
        ) -> int:
            raise RepositoryUnavailable("The storage cannot be reached.")

    assert search_rooms(GoneRepo(ROOMS), CHEAP, a_second(), with_total=True).total is None
