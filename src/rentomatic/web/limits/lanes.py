"""Overload protection: a bounded number of requests at work, and a fair, bounded queue with a time limit."""

import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from enum import Enum, StrEnum, auto
from typing import Protocol

from rentomatic.use_cases.errors import RepositoryUnavailable

_BEGUN_IN_A_ROW = 4
"""Parts of views go before new views; after this many parts in a row a new view is served."""

_NEWEST_SHARE = 0.1
"""The weight of the newest request in the mean time for which a place is taken."""


class Reason(StrEnum):
    """Why a request was refused."""

    LATE = "late"
    FULL = "full"
    GONE = "gone"


class Overloaded(RepositoryUnavailable):
    """No place became free in time. Nothing was done: the request can be repeated soon.

    retry_after: seconds to wait, different for each, so that requests refused at the same moment do not all
        return at the same moment.
    """

    def __init__(self, lane: str, reason: Reason) -> None:
        super().__init__("The server is too busy right now.")
        self.lane = lane
        self.reason = reason
        self.retry_after = random.randint(1, 3)  # noqa: S311 - not a secret


class Visitor(Protocol):
    """A request that wants a place."""

    @property
    def address(self) -> str:
        """The client's address; clients with unknown addresses share one."""
        ...

    @property
    def continues_view(self) -> bool:
        """Whether it belongs to a page view that has begun."""
        ...

    def waits(self) -> None:
        """Called when it has to wait."""
        ...

    def is_gone(self) -> bool:
        """Whether the client no longer waits for the response. Asked after a wait."""
        ...


class _State(Enum):
    WAITING = auto()
    ADMITTED = auto()
    DROPPED = auto()
    LEFT = auto()


class _Waiter:
    """A thread that waits until `woken` is released."""

    __slots__ = ("address", "continues_view", "state", "woken")

    def __init__(self, visitor: Visitor) -> None:
        self.address = visitor.address
        self.continues_view = visitor.continues_view
        self.state = _State.WAITING
        self.woken = threading.Lock()
        self.woken.acquire()

    def wake(self, state: _State) -> None:
        self.state = state
        self.woken.release()


class _Line:
    """Waiters by address: first in, first out within an address, and addresses in turn."""

    def __init__(self) -> None:
        self._waiters: OrderedDict[str, deque[_Waiter]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._waiters.values()))

    def __bool__(self) -> bool:
        return bool(self._waiters)

    def of(self, address: str) -> deque[_Waiter]:
        """Return the waiters of the address, oldest first; not to be changed."""
        return self._waiters.get(address, _NOBODY)

    def addresses(self) -> Iterable[str]:
        return self._waiters

    def append(self, waiter: _Waiter) -> None:
        self._waiters.setdefault(waiter.address, deque()).append(waiter)

    def pop(self) -> _Waiter:
        """Remove and return the next waiter; its address then goes behind all others."""
        address, waiters = self._waiters.popitem(last=False)
        waiter = waiters.popleft()
        if waiters:
            self._waiters[address] = waiters
        return waiter

    def remove(self, waiter: _Waiter) -> None:
        waiters = self._waiters[waiter.address]
        waiters.remove(waiter)
        if not waiters:
            del self._waiters[waiter.address]


_NOBODY: deque[_Waiter] = deque()


class Lane:
    """A number of places, and a bounded queue for them.

    `leave` frees a place for the next in the queue. Addresses take turns; requests from one address are
    served first in, first out. Parts of views that have begun go before new views, up to four in a row while
    new views wait. When the queue is full, the newest waiter of the address with the most waiters is refused,
    new views before parts: so nobody can fill the queue while others wait.
    """

    def __init__(
        self,
        name: str,
        places: int,
        queue: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """queue: the most requests that may wait."""
        self.name = name
        self.places = places
        self.queue = queue
        self._clock = clock
        self._lock = threading.Lock()
        self._free = places
        self._begun, self._new = _Line(), _Line()
        self._begun_in_a_row = 0
        self._mean = 0.0

    @property
    def taken(self) -> int:
        """The number of places taken now."""
        return self.places - self._free

    @property
    def waiting(self) -> int:
        """The number of waiters now."""
        with self._lock:
            return len(self._begun) + len(self._new)

    def wait_of_part(self, address: str) -> float:
        """Return about how many seconds a part of a view from that address would wait now.

        That is the number of parts that would be served first, as addresses take turns, times the recent mean
        time for which a place is taken, divided by the number of places (Little's law).
        """
        with self._lock:
            round_ = len(self._begun.of(address)) + 1
            ahead = sum(min(len(self._begun.of(other)), round_) for other in self._begun.addresses())
            return ahead * self._mean / self.places

    def enter(self, visitor: Visitor, until: float) -> None:
        """Take a place, to be freed by `leave`.

        until: the clock time at which to give up. Raises Overloaded if no place is free by then, if the queue
            is full, or if the client is gone when its turn comes.
        """
        waiter = self._take_or_queue(visitor, until)
        if waiter is None:
            return
        try:
            self._wait(waiter, visitor, until)
        except BaseException:
            if self._settled(waiter) is _State.ADMITTED:
                self.leave()
            raise

    def learn(self, seconds: float) -> None:
        """Update the mean with the seconds for which a place was taken."""
        with self._lock:
            self._mean += _NEWEST_SHARE * (seconds - self._mean)

    def leave(self) -> None:
        """Free a place."""
        with self._lock:
            if self._begun and (self._begun_in_a_row < _BEGUN_IN_A_ROW or not self._new):
                self._begun_in_a_row += 1
                self._begun.pop().wake(_State.ADMITTED)
            elif self._new:
                self._begun_in_a_row = 0
                self._new.pop().wake(_State.ADMITTED)
            else:
                self._free += 1

    def _take_or_queue(self, visitor: Visitor, until: float) -> _Waiter | None:
        """Take a free place, or join the queue."""
        with self._lock:
            if self._clock() >= until:
                raise Overloaded(self.name, Reason.LATE)
            if self._free:
                self._free -= 1
                return None
            waiter = _Waiter(visitor)
            self._line(waiter).append(waiter)
            if len(self._begun) + len(self._new) > self.queue:
                self._drop(waiter)
            return waiter

    def _wait(self, waiter: _Waiter, visitor: Visitor, until: float) -> None:
        if waiter.state is _State.WAITING:
            visitor.waits()
        waiter.woken.acquire(timeout=max(0.0, until - self._clock()))
        if self._settled(waiter) is not _State.ADMITTED:
            raise Overloaded(self.name, Reason.FULL if waiter.state is _State.DROPPED else Reason.LATE)
        if visitor.is_gone():
            raise Overloaded(self.name, Reason.GONE)

    def _drop(self, newest: _Waiter) -> None:
        """Refuse the newest waiter of the address with the most waiters."""

        def length(address: str) -> tuple[int, bool]:
            waiting = len(self._new.of(address)) + len(self._begun.of(address))
            return waiting, address == newest.address

        longest = max({*self._new.addresses(), *self._begun.addresses()}, key=length)
        dropped = (self._new.of(longest) or self._begun.of(longest))[-1]
        self._line(dropped).remove(dropped)
        dropped.wake(_State.DROPPED)

    def _settled(self, waiter: _Waiter) -> _State:
        """Return its final state; remove it from the queue if it still waits."""
        with self._lock:
            if waiter.state is _State.WAITING:
                self._line(waiter).remove(waiter)
                waiter.state = _State.LEFT
            return waiter.state

    def _line(self, waiter: _Waiter) -> _Line:
        return self._begun if waiter.continues_view else self._new
