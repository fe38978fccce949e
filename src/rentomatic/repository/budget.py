"""Time limits for reading from a storage.

Work in the request's own thread is limited in processor time. With a limit in wall-clock time, a busy machine
(eight threads on two processors, say) would give up a read of 0.4 processor seconds after one second of
waiting for others and throw its work away: the higher the load, the fewer requests would succeed. The client
waits nevertheless, so wall-clock time is limited too: to `PATIENCE` times as much, and never more than the
statement time-out. For a server that does not report processor time the limit is in wall-clock time: with the
same patience if the number of rooms read is bounded, otherwise without. Streams to a reader are limited in
wall-clock time as well.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import OutOfTime

PATIENCE = 3
"""A read may take this many times its processor time in wall-clock time."""

_LEAST = 0.001
"""Seconds. 0 would mean no limit to a storage."""

_AT_ONCE = 256
"""Items between two checks of the clock; they take much less than a millisecond."""

Item = TypeVar("Item")


class Deadline:
    """When a read must end. Create and ask it in the thread that reads.

    within: seconds of processor time, None for the usual limit. timeout: the most seconds of wall-clock time.
    """

    def __init__(
        self,
        within: float | None,
        timeout: float,
        processor: Callable[[], float] = time.thread_time,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        seconds = seconds_within(within, timeout)
        self._processor, self._wall = processor, wall
        self._most = processor() + seconds
        self._end = wall() + patient_seconds(within, timeout)

    def passed(self) -> bool:
        """Whether the time is up."""
        return self._processor() > self._most or self._wall() > self._end

    def watched(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items. Raises OutOfTime when the time is up."""
        for number, item in enumerate(items):
            if number % _AT_ONCE == 0 and self.passed():
                raise OutOfTime
            yield item


def seconds_within(within: float | None, timeout: float) -> float:
    """Return the limit in seconds: `within`, but at most `timeout`, which is also the default."""
    return timeout if within is None else max(_LEAST, min(within, timeout))


def patient_seconds(within: float | None, timeout: float) -> float:
    """Return the wall-clock limit for a read that may take `seconds_within` of processor time."""
    return min(PATIENCE * seconds_within(within, timeout), timeout)


def read_within(rooms: Iterator[Room], within: float | None) -> Iterator[Room]:
    """Yield the rooms for up to `within` seconds from now, None for no limit. Raises OutOfTime.

    The time that the caller spends on each room counts too, because the storage is busy meanwhile.
    """
    return rooms if within is None else _read_until(rooms, time.monotonic() + within)


def _read_until(rooms: Iterator[Room], end: float) -> Iterator[Room]:
    for room in rooms:
        if time.monotonic() > end:
            raise OutOfTime
        yield room
