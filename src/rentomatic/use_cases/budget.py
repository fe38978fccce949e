"""How long the storage may work on one request, and what to do if that is not enough."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Summary, estimate_of
from rentomatic.use_cases.errors import NotQuick, OutOfTime, TooCostly
from rentomatic.use_cases.ports import RoomRepository

SHARE_FOR_EXACT = 0.6
"""The share of the time left for reading all matching rooms; a sample gets the rest."""

_LEAST = 0.01
"""Seconds. With less time left, no read is worth starting."""

Answer = TypeVar("Answer")


class Budget:
    """The seconds that the storage may work for one request in all.

    clock: measures them; by default wall-clock time. A clock that stops while a request waits for its turn
        does not charge it for the wait.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._estimates: dict[RoomQuery, Summary] = {}

    def left(self) -> float:
        """Return the seconds left. Raises OutOfTime if they are too few for any read."""
        seconds = self._end - self._clock()
        if seconds < _LEAST:
            raise OutOfTime
        return seconds

    def share(self, part: float) -> float:
        """Return a share of the seconds left, from 0 to 1. Raises OutOfTime as `left` does."""
        return self.left() * part

    def known(self, query: RoomQuery) -> Summary | None:
        """Return the estimate that this request has already made for the search, if any."""
        return self._estimates.get(query)

    def keep(self, query: RoomQuery, estimate: Summary) -> None:
        """Keep an estimate for the rest of the request."""
        self._estimates[query] = estimate

    def at_most(self, seconds: float) -> "Budget":
        """Return a budget of at most that many seconds of this one."""
        return Budget(min(seconds, self._end - self._clock()), self._clock)


NewBudget = Callable[[], Budget]
"""Creates a budget for each request."""


def exact_or_estimated(
    repository: RoomRepository,
    query: RoomQuery,
    budget: Budget,
    exact: Callable[[float], Answer],
    estimated: Callable[[Summary], Answer],
) -> Answer:
    """Return the result of `exact` if it is in time, else what `estimated` makes of a sample.

    exact: may raise NotQuick. It is skipped if the request has already estimated this search, which was not
        quick then. Raises OutOfTime if not even a sample is ready in time.
    """
    if (known := budget.known(query)) is not None:
        return estimated(known)
    in_all = budget.left()
    given = SHARE_FOR_EXACT * in_all
    try:
        return exact(given)
    except (OutOfTime, NotQuick):
        # Not by the clock: a storage that counts processor time may have taken longer.
        estimate = estimate_of(repository.sample(query, in_all - given))
    budget.keep(query, estimate)
    return estimated(estimate)


@contextmanager
def too_costly(query: RoomQuery) -> Iterator[None]:
    """Raise TooCostly for a search that ran out of time.

    Subclasses of OutOfTime pass unchanged: they have other causes, such as a queue.
    """
    try:
        yield
    except OutOfTime as error:
        if type(error) is not OutOfTime:
            raise
        raise TooCostly(query) from error
