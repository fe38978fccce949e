"""Waiting for what other threads do, with a limit."""

import time
from collections.abc import Callable

LIMIT = 30.0


def until(happened: Callable[[], bool], seconds: float = LIMIT) -> None:
    """Return as soon as it has happened. Raises AssertionError where it does not, in that time."""
    end, pause = time.monotonic() + seconds, 0.0005
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(pause)
        pause = min(2 * pause, 0.05)  # a real server is not to be kept busy by questions
