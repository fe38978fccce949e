"""How long a storage may take for an answer.

What a storage does in the thread of the request is bounded in processor time. On a busy machine, where eight
threads share two processors, a read that takes 0.4 s of one would else be given up after a second for what
the others did, and all that it had done be lost: the more there is to do, the less of it would be answered.
The client waits all the same, so the time on the wall is bounded too, at `PATIENCE` times as much and never
more than the statement time-out. A server that counts no processor time is bounded by the time on the wall:
with the same patience where the number of rooms that it looks at is bounded, without it elsewhere. So is
what is streamed to a reader.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import OutOfTime

PATIENCE = 3
"""How many times its processor time a read may take on the wall."""

_LEAST = 0.001
"""Seconds. Storages take 0 for no bound at all."""

_AT_ONCE = 256
"""Items that are gone through in much less than a millisecond."""

Item = TypeVar("Item")


class Deadline:
    """When a read in this thread is over: it is asked in the same thread.

    within: seconds of a processor, None for as many as usual. timeout: seconds on the wall at most.
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
    """The seconds that are given, None for as many as usual, and never more than usual."""
    return timeout if within is None else max(_LEAST, min(within, timeout))


def patient_seconds(within: float | None, timeout: float) -> float:
    """The seconds on the wall in which a read may take the processor time of `seconds_within`."""
    return min(PATIENCE * seconds_within(within, timeout), timeout)


def read_within(rooms: Iterator[Room], within: float | None) -> Iterator[Room]:
    """Yield the rooms for up to `within` seconds from now, None for no limit. Raises OutOfTime.

    The time that the caller spends on each room counts as well, since the storage is busy meanwhile.
    """
    return rooms if within is None else _read_until(rooms, time.monotonic() + within)


def _read_until(rooms: Iterator[Room], end: float) -> Iterator[Room]:
    for room in rooms:
        if time.monotonic() > end:
            raise OutOfTime
        yield room
