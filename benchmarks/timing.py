"""Times several implementations in alternation, so that all of them meet the same noise.

Absolute times differ between machines and minutes. What counts is the ratio of two implementations within a
round; the median over all rounds is reported.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

_SHORTEST_SAMPLE = 0.005
"""Seconds: faster calls are repeated, so that the clock's resolution does not matter."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one implementation, one number for each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def best(self) -> float:
        return min(self.seconds)

    def times(self, other: "Timing") -> float:
        """Return how many times as long this one took as the other: the median over the rounds."""
        return median(one / two for one, two in zip(self.seconds, other.seconds, strict=True))


def timed(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Time a call of each implementation in alternation, reversing the order every other round.

    Each must have run before, so that caches are warm.
    """
    calls = {name: math.ceil(_SHORTEST_SAMPLE / _seconds(way, 1)) for name, way in ways.items()}
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways) if number % 2 == 0 else reversed(list(ways)):
            samples[name].append(_seconds(ways[name], calls[name]))
    return {name: Timing(tuple(seconds)) for name, seconds in samples.items()}


def _seconds(way: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        way()
    return (time.perf_counter() - start) / calls
