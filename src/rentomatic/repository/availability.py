"""Whether a storage's server is reachable: checked by one background thread, shared by all requests."""

import threading
import time
from collections.abc import Callable

from rentomatic.use_cases.errors import RepositoryUnavailable

_PAUSE = 0.5
"""Seconds between two attempts to reach an unreachable server."""


class Availability:
    """Tracks whether a server is reachable; once it is not, a background thread retries until it is.

    Meanwhile requests fail immediately, without trying to connect.

    reach: returns once the server can be used, else raises RepositoryUnavailable. It must end within a
        bounded time; only one thread calls it at a time.
    on_loss: called by that thread when the server turns out to be unreachable.

    The thread exists only while the server is suspect or unreachable, so a process may fork before the first
    failure; a child forked later starts its own thread.
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
        """Raise RepositoryUnavailable, with the latest failure, while the server is unreachable."""
        if (error := self._error) is not None:
            self._watch(_PAUSE)
            raise RepositoryUnavailable(str(error)) from error.__cause__

    def answered(self) -> None:
        """Note that the server has just answered, so that a failed attempt begun earlier does not count."""
        self._last_answer = time.monotonic()

    def suspect(self) -> None:
        """Check the server in the background, after a failure that may have another cause."""
        self._watch(0)

    def lost(self, error: RepositoryUnavailable) -> None:
        """Mark the server as unreachable, after a failed attempt to connect."""
        with self._lock:
            self._error = error
        self._watch(_PAUSE)

    def stop(self) -> None:
        """Stop trying to connect."""
        self._closed.set()

    def join(self, timeout: float) -> None:
        """Wait for the thread to end, for at most `timeout` seconds."""
        if watcher := self._watcher:
            watcher.join(timeout)

    def _watch(self, pause: float) -> None:
        with self._lock:
            if self._closed.is_set() or (self._watcher and self._watcher.is_alive()):
                return
            self._watcher = threading.Thread(
                target=self._retry, args=(pause,), name="availability", daemon=True
            )
            self._watcher.start()

    def _retry(self, pause: float) -> None:
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
