"""How long the storage may work on one request, and what becomes of a question that takes longer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Summary, estimate_of
from rentomatic.use_cases.errors import NotQuick, OutOfTime, TooCostly
from rentomatic.use_cases.ports import RoomRepository

SHARE_FOR_EXACT = 0.6
"""The part of the time left in which all rooms that match are looked at; a sample has the rest."""

_LEAST = 0.01
"""Seconds. With less left, no question is worth asking."""

Answer = TypeVar("Answer")


class Budget:
    """The seconds that the storage may take for all that one request asks of it.

    clock: counts the seconds that matter, all that pass unless given. So a request that waits for its turn
    need not pay for the wait.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._estimates: dict[RoomQuery, Summary] = {}

    def left(self) -> float:
        """Return the seconds left. Raises OutOfTime where they are too few for any question."""
        seconds = self._end - self._clock()
        if seconds < _LEAST:
            raise OutOfTime
        return seconds

    def share(self, part: float) -> float:
        """Return a part of the seconds left, from 0 to 1. Raises OutOfTime as `left` does."""
        return self.left() * part

    def known(self, query: RoomQuery) -> Summary | None:
        """The estimate that was made of this search before, for another question of the same request."""
        return self._estimates.get(query)

    def keep(self, query: RoomQuery, estimate: Summary) -> None:
        """Keep an estimate for the other questions of the request."""
        self._estimates[query] = estimate

    def at_most(self, seconds: float) -> "Budget":
        """Return a budget of that many seconds of this one, or of what is left of it."""
        return Budget(min(seconds, self._end - self._clock()), self._clock)


NewBudget = Callable[[], Budget]
"""Gives each request a budget of its own."""


def exact_or_estimated(
    repository: RoomRepository,
    query: RoomQuery,
    budget: Budget,
    exact: Callable[[float], Answer],
    estimated: Callable[[Summary], Answer],
) -> Answer:
    """Return what `exact` finds in the seconds it is given, else what `estimated` makes of a sample.

    exact: may raise NotQuick. It is not tried where the request has estimated this search already, as that
    was then not quick. Raises OutOfTime where not even a sample comes in time.
    """
    if (known := budget.known(query)) is not None:
        return estimated(known)
    in_all = budget.left()
    given = SHARE_FOR_EXACT * in_all
    try:
        return exact(given)
    except (OutOfTime, NotQuick):
        # Not what the clock leaves: a storage that counts processor time may have taken longer by the clock.
        estimate = estimate_of(repository.sample(query, in_all - given))
    budget.keep(query, estimate)
    return estimated(estimate)


@contextmanager
def too_costly(query: RoomQuery) -> Iterator[None]:
    """Raise TooCostly for a search whose answer did not come within the budget.

    A more special kind of OutOfTime goes on as it is: it has a reason of its own, such as a queue.
    """
    try:
        yield
    except OutOfTime as error:
        if type(error) is not OutOfTime:
            raise
        raise TooCostly(query) from error
