"""Whether the server of a storage can be reached: tried by one thread, known to all."""

import threading
import time
from collections.abc import Callable

from rentomatic.use_cases.errors import RepositoryUnavailable

_PAUSE = 0.5
"""Seconds between two attempts to reach a server that is away."""


class Availability:
    """A server is there until it cannot be reached, and then away until a background thread reaches it.

    Requests that come while it is away fail at once, without trying it themselves.

    reach: returns once the server can be used, else raises RepositoryUnavailable. It must end by itself
        within a bounded time, and is called by one thread at a time.
    on_loss: is called by that thread when the server turns out to be away.

    The thread exists only while the server is in doubt, so that a process may fork before its first failure;
    a child that is forked later starts a thread of its own.
    """

    def __init__(self, reach: Callable[[], None], on_loss: Callable[[], None] = lambda: None) -> None:
        self._reach = reach
        self._on_loss = on_loss
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None
        self._error: RepositoryUnavailable | None = None
        self._last_answer = 0.0

    def require(self) -> None:
        """Raise RepositoryUnavailable, as the last attempt to reach the server did, while it is away."""
        if (error := self._error) is not None:
            self._watch(_PAUSE)
            raise RepositoryUnavailable(str(error)) from error.__cause__

    def answered(self) -> None:
        """Note that the server answered just now: a failed attempt that began earlier does not count."""
        self._last_answer = time.monotonic()

    def suspect(self) -> None:
        """Try the server in the background, because something failed that may have another reason."""
        self._watch(0)

    def lost(self, error: RepositoryUnavailable) -> None:
        """Take the server for away, because an attempt to reach it failed just now."""
        with self._lock:
            self._error = error
        self._watch(_PAUSE)

    def stop(self) -> None:
        """Make no further attempt."""
        self._closed.set()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, for this many seconds at most."""
        if watcher := self._watcher:
            watcher.join(timeout)

    def _watch(self, pause: float) -> None:
        with self._lock:
            if self._closed.is_set() or (self._watcher and self._watcher.is_alive()):
                return
            self._watcher = threading.Thread(
                target=self._find, args=(pause,), name="availability", daemon=True
            )
            self._watcher.start()

    def _find(self, pause: float) -> None:
        while not self._closed.wait(pause):
            began = time.monotonic()
            try:
                self._reach()
            except RepositoryUnavailable as error:
                if self._error is None and self._last_answer > began:
                    break
                self._error = error
                self._on_loss()
                pause = _PAUSE
            else:
                break
        with self._lock:
            self._error = self._watcher = None
