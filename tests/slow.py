"""Storages that cannot read all their rooms in the given time, or not quickly."""

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Sample, Summary, range_of
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.errors import NotQuick, OutOfTime


class Clock:
    """A clock that advances only when a storage uses time."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def a_second() -> Budget:
    """Return a budget of one second that delays of the machine do not shorten."""
    return Budget(1.0, Clock())


class SlowRepo(MemRepo):
    """Reads every second room in time, or none if even that is too much."""

    samples = True

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        if within is not None:
            raise OutOfTime
        return super().count(query, at_most)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        if within is not None:
            raise OutOfTime
        return super().summarise(query)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        if not self.samples:
            raise OutOfTime
        with self.stream(RoomQuery()) as rooms:
            half = [room for room in list(rooms)[::2] if query.matches(room)]
        prices = [room.price for room in half]
        return Sample(
            {price: prices.count(price) for price in prices}, range_of(room.size for room in half), 0.5
        )


class LargeRepo(SlowRepo):
    """Reads all rooms in time, but not quickly. sampled: how many samples it drew."""

    sampled = 0

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        if quick:
            raise NotQuick
        return super().count(query, at_most)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        if quick:
            raise NotQuick
        return super().summarise(query)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        self.sampled += 1
        return super().sample(query, within)
