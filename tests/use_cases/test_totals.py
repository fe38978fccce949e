"""How many rooms match and what they cost, exact or estimated."""

from dataclasses import replace

import pytest

from rentomatic.domain.search import Condition, Field, Operator, RoomQuery
from rentomatic.domain.summary import Count, Sample, Summary
from rentomatic.repository.memory import MemRepo
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable
from rentomatic.use_cases.in_time import exact_or_estimated
from rentomatic.use_cases.search_rooms import search_rooms
from rentomatic.use_cases.summarise_rooms import summarise_rooms
from tests.builders import make_room
from tests.slow import SlowRepo

ROOMS = [make_room(code=f"r{number:03}", price=40 + number % 20, size=20) for number in range(100)]
CHEAP = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 44),), limit=3)
RARE = RoomQuery(conditions=(Condition(Field.CODE, Operator.IN, ("r001", "r003", "r005")),), limit=2)
NOWHERE = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 0),))


class TimedRepo(SlowRepo):
    """Notes how many seconds it is given, and for what."""

    def __init__(self) -> None:
        super().__init__(ROOMS)
        self.given: list[tuple[str, float | None]] = []

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        self.given.append(("count", within))
        return super().count(query, at_most, within)

    def summarise(self, query: RoomQuery, within: float | None = None) -> Summary:
        self.given.append(("summarise", within))
        return super().summarise(query, within)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        self.given.append(("sample", within))
        return super().sample(query, within)


def test_all_rooms_have_a_second_and_a_sample_has_another() -> None:
    repository = TimedRepo()
    summarise_rooms(repository, CHEAP)
    search_rooms(repository, CHEAP, with_total=True)

    assert [("summarise", 1.0), ("sample", 1.0), ("count", 1.0), ("sample", 1.0)] == repository.given


def test_count_that_ends_late_leaves_less_for_the_sample() -> None:
    repository, clock = TimedRepo(), iter((100.0, 101.75))

    def late(seconds: float) -> int:
        raise OutOfTime

    exact_or_estimated(repository, CHEAP, late, lambda estimate: estimate.count, clock=lambda: next(clock))

    assert [("sample", 0.25)] == repository.given


def test_in_time_a_summary_and_a_total_are_exact() -> None:
    summary = summarise_rooms(MemRepo(ROOMS), CHEAP)

    assert (20, True) == (summary.count, summary.exact)
    assert Count(20) == search_rooms(MemRepo(ROOMS), CHEAP, with_total=True).total


def test_out_of_time_a_summary_is_estimated_from_a_sample() -> None:
    summary = summarise_rooms(SlowRepo(ROOMS), CHEAP)

    assert (20, False) == (summary.count, summary.exact)
    assert summary.count == sum(bucket.count for bucket in summary.histogram)


def test_out_of_time_a_total_is_estimated_from_the_same_sample() -> None:
    assert Count(20, exact=False) == search_rooms(SlowRepo(ROOMS), CHEAP, with_total=True).total


def test_a_total_that_is_estimated_is_never_less_than_what_the_page_shows() -> None:
    assert Count(3, exact=False) == search_rooms(SlowRepo(ROOMS), RARE, with_total=True).total


def test_a_sample_without_a_match_does_not_say_that_there_is_none() -> None:
    summary = summarise_rooms(SlowRepo(ROOMS), RARE)

    assert (0, None, (), False) == (summary.count, summary.price, summary.histogram, summary.exact)


@pytest.mark.parametrize("query", [NOWHERE, replace(RARE, limit=3)])
def test_a_first_page_that_nothing_follows_is_counted_by_itself(query: RoomQuery) -> None:
    found = search_rooms(SlowRepo(ROOMS), query, with_total=True)

    assert Count(len(found.rooms)) == found.total


def test_where_not_even_a_sample_comes_in_time_a_summary_is_an_error() -> None:
    repository = SlowRepo(ROOMS)
    repository.samples = False

    with pytest.raises(OutOfTime):
        summarise_rooms(repository, CHEAP)


def test_where_not_even_a_sample_comes_in_time_a_page_comes_without_a_total() -> None:
    repository = SlowRepo(ROOMS)
    repository.samples = False
    found = search_rooms(repository, CHEAP, with_total=True)

    assert (3, None) == (len(found.rooms), found.total)
    assert search_rooms(repository, CHEAP).next == found.next
    repository.samples = True
    assert Count(20, exact=False) == search_rooms(repository, CHEAP, with_total=True).total


def test_page_comes_without_a_total_when_the_storage_goes_away_meanwhile() -> None:
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

    assert search_rooms(GoneRepo(ROOMS), CHEAP, with_total=True).total is None
