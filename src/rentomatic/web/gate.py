"""Overload: a bounded number of requests at work, and a quick answer for the rest."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 0.25
"""Seconds that a request waits for its turn while waiting helps."""

_FULL_FOR = 1.0
"""Seconds after a wait in vain during which nobody waits."""


class Overloaded(Exception):
    """There is more to do than can be done now; try again soon."""


class Gate:
    """Lets so many through at a time.

    A short wait evens out a burst of quick searches. Once it was in vain, slow ones fill the house,
    and who comes is turned away at once: a queue would only grow, and /health stand behind it.
    """

    def __init__(self, places: int, patience: float = _PATIENCE, within: "Gate | None" = None) -> None:
        """within: a gate of which each place takes one as well."""
        self.places = places
        self._places = threading.BoundedSemaphore(places)
        self._patience = patience
        self._within = within
        self._full_until = 0.0

    def enter(self) -> None:
        """Take a place, to be given back by `leave`. Raises Overloaded where there is none."""
        patience = self._patience if time.monotonic() > self._full_until else 0.0
        if not self._places.acquire(timeout=patience):
            self._full_until = time.monotonic() + _FULL_FOR
            raise Overloaded("There is too much to do at the moment.")
        if self._within is not None:
            try:
                self._within.enter()
            except BaseException:
                self._places.release()
                raise

    def leave(self) -> None:
        """Give the place back."""
        if self._within is not None:
            self._within.leave()
        self._places.release()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for the time of the context. Raises Overloaded where there is none."""
        self.enter()
        try:
            yield
        finally:
            self.leave()


class Gates:
    """How the threads of a process are shared, so that who takes long leaves some to who does not.

    requests: every request but /health and /metrics has a place here while it is worked on, one less than
    `threads`. bodies: those whose body is still arriving. forms: likewise, of the pages for staff:
    strangers may send these, and take no place from who has a key. imports: from the first byte of the
    listing to the end of the load. exports: until the last byte was sent, which takes a thread but no
    place among the requests any more. Each of these has a quarter of the threads, but one at least.
    writes: of single rooms, which may have to wait for a load; half of the threads.
    slow: bodies, forms, writes, imports and exports that are being made, all together two less than the
    threads. So from three threads on a search finds a place whatever these do.

    Gunicorn itself waits some seconds for the rest of a body that was refused, which no gate bounds: there
    a proxy in front has to take the bodies in before it hands them on, as nginx does.
    """

    def __init__(self, threads: int) -> None:
        quarter = max(1, threads // 4)
        self.requests = Gate(max(1, threads - 1))
        self.slow = Gate(max(1, threads - 2))
        self.bodies = Gate(quarter, within=self.slow)
        self.forms = Gate(quarter, within=self.slow)
        self.writes = Gate(max(1, threads // 2), within=self.slow)
        self.imports = Gate(quarter, patience=0, within=self.slow)
        self.exports = Gate(quarter, patience=0)


def server_threads(threads: int) -> int:
    """How many threads a server needs so that one is always left for /health and /metrics.

    threads: those that the gates share. Exports that are being sent hold threads beside them.
    """
    gates = Gates(threads)
    return gates.requests.places + gates.exports.places + 1
