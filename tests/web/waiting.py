"""Waiting for what other threads do, with a limit."""

import time
from collections.abc import Callable

LIMIT = 30.0


def until(happened: Callable[[], bool]) -> None:
    """Return as soon as it has happened. Raises AssertionError where it does not."""
    end = time.monotonic() + LIMIT
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.0005)
