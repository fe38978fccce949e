"""Waiting, with a limit, for what other threads do."""

import time
from collections.abc import Callable

LIMIT = 30.0


def until(happened: Callable[[], bool], seconds: float = LIMIT) -> None:
    """Return as soon as it has happened. Raises AssertionError if it does not happen in time."""
    end, pause = time.monotonic() + seconds, 0.0005
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(pause)
        pause = min(2 * pause, 0.05)  # polling must not keep a real server busy
