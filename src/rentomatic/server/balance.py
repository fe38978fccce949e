"""Balances the load between the workers of a server: an overloaded worker gives connections away.

In HTTP a connection stays with the worker that the kernel chose at random when it began: of eight
connections, one of two workers often has three or fewer. So each worker writes its load into shared memory,
and a worker with clearly more than another closes a few connections with their next responses ("Connection:
close", RFC 9112, section 9.6, which loses nothing). The clients connect again. Where the kernel supports it,
new connections then go to workers with less load, and never to a dead worker.
"""

import mmap
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from rentomatic.repository.folders import held_folder
from rentomatic.server.serving import memory_folder

WINDOW = 0.2
"""Seconds over which a worker averages its load."""

_SMOOTHING = 0.25
"""The weight of one window in the long average, so that a single window changes it little."""

_BUSY = 0.5
"""A worker with fewer requests in flight than this, on average, gives nothing away: nobody waits for it."""

_CLEARLY_LESS = 2 / 3
"""Connections are given away if another worker has at most this share of this one's load: 40 to 60."""

_SILENT_AFTER = 1.5
"""Seconds without an update after which a worker counts as dead."""

_ACTIVE = 1.0
"""A connection is in use if something arrived on it within this many seconds."""

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_NONE = 1e-9
"""Used instead of 0 as a divisor."""


class Load(NamedTuple):
    """What a worker reports about itself.

    Times are those of `time.monotonic`, which all processes of a machine share.
    began: when the worker started.
    at: when it wrote this; 0 if it never did.
    short, long: requests in flight, averaged over one window and over about a second.
    giving: how many connections it is giving away.
    """

    began: float = 0.0
    at: float = 0.0
    short: float = 0.0
    long: float = 0.0
    giving: float = 0.0


_FIELDS = len(Load._fields)
_SIZE = 8  # of a double


class Loads:
    """The load of each worker, in a file that all of them map into memory.

    Each number is written atomically, but a row is not: a reader may see numbers from two consecutive
    windows, which does no harm.
    """

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._numbers = memoryview(mmap.mmap(file.fileno(), 0)).cast("d")

    @staticmethod
    def create(path: Path, workers: int) -> None:
        path.write_bytes(bytes(workers * _FIELDS * _SIZE))

    def __len__(self) -> int:
        return len(self._numbers) // _FIELDS

    def __getitem__(self, row: int) -> Load:
        return Load(*self._numbers[row * _FIELDS : (row + 1) * _FIELDS])

    def __setitem__(self, row: int, load: Load) -> None:
        for place, number in enumerate(load, row * _FIELDS):
            self._numbers[place] = number


@contextmanager
def shared_loads(workers: int) -> Iterator[Path | None]:
    """Create a file for the workers' loads during the context; give None if it would have no use."""
    if workers < 2 or sys.platform != "linux":
        yield None
        return
    with held_folder("rentomatic-workers-", memory_folder()) as folder:
        path = folder / "loads"
        Loads.create(path, workers)
        yield path


class InFlight:
    """The number of requests in progress, averaged over time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._sum = 0.0  # requests times seconds
        self._began = self._changed = clock()

    def add(self, number: int) -> None:
        """Change the number of requests in progress by `number`."""
        with self._lock:
            self._advance()
            self._count += number

    def average(self) -> float:
        """Return the average since the last call."""
        with self._lock:
            self._advance()
            seconds = self._changed - self._began
            average = self._sum / seconds if seconds > 0 else float(self._count)
            self._sum, self._began = 0.0, self._changed
        return average

    def _advance(self) -> None:
        now = self._clock()
        self._sum += self._count * (now - self._changed)
        self._changed = now


class Balance:
    """The balancing of one worker: reports its load and decides which of its connections to close."""

    def __init__(
        self,
        loads: Loads,
        row: int,
        active: Callable[[float], int],
        steer: Callable[[Collection[int]], None] = lambda rows: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """active: returns how many connections were in use within that many seconds.

        steer: sends new connections to the workers of these rows, or to all if there are none.
        """
        self.in_flight = InFlight(clock)
        self._loads, self._row = loads, row
        self._active, self._steer, self._clock = active, steer, clock
        self._began = clock()
        self._long: float | None = None
        self._lock = threading.Lock()
        self._to_end = 0
        self._settling = False
        self._chosen: set[int] | None = None

    def start(self, stop: threading.Event) -> None:
        """Report and compare in every window, until the event is set or a younger worker has the row."""
        threading.Thread(target=self._watch, args=(stop,), name="balance", daemon=True).start()

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(WINDOW) and self.step():
            pass

    def step(self) -> bool:
        """Report and compare once; return False if a younger worker has taken over the row."""
        short = self.in_flight.average()
        if self._loads[self._row].began > self._began:
            self._allow(0)
            return False
        self._long = short if self._long is None else self._long + _SMOOTHING * (short - self._long)
        own = Load(self._began, self._clock(), short, self._long)
        # A change made now shows in the window after the next.
        surplus = 0 if self._settling else self._surplus(own)
        self._settling = surplus > 0
        self._loads[self._row] = own._replace(giving=surplus)
        self._choose()
        self._allow(surplus)
        return True

    def gives_away(self) -> bool:
        """Whether to close the connection with the response that is about to be sent."""
        if not self._to_end:
            return False
        with self._lock:
            if not self._to_end:
                return False
            self._to_end -= 1
            return True

    def _allow(self, number: int) -> None:
        with self._lock:
            self._to_end = number

    def _surplus(self, own: Load) -> int:
        """Return how many connections to give away to equal the load of the least loaded worker.

        0 while a worker is missing or starting. Half a connection is not rounded up, or a single connection,
        or the third of three, would move for ever.
        """
        others = [load for row, load in self._present().items() if row != self._row]
        if own.long < _BUSY or len(others) < len(self._loads) - 1:
            return 0
        short = min(load.short for load in others) / max(own.short, _NONE)
        long = min(load.long for load in others) / own.long
        if max(short, long) > _CLEARLY_LESS:
            return 0
        return int(self._active(_ACTIVE) / 2 * (1 - max(short, long)) + 0.25)

    def _choose(self) -> None:
        """Steer new connections to live workers, and while a worker gives some away, to those with less load.

        Every worker does the same with the same numbers, so that it happens if any of them is alive.
        """
        present = self._present()
        most = max((load.short for load in present.values() if load.giving), default=None)
        chosen = {row for row, load in present.items() if most is None or load.short <= most * _CLEARLY_LESS}
        if len(chosen) == len(self._loads):
            chosen = set()
        if chosen != self._chosen:
            self._chosen = chosen
            with suppress(OSError):  # without support in the kernel, its hash decides
                self._steer(chosen)

    def _present(self) -> dict[int, Load]:
        """Return the loads of the workers that have reported recently."""
        since = self._clock() - _SILENT_AFTER
        loads = {row: self._loads[row] for row in range(len(self._loads))}
        return {row: load for row, load in loads.items() if load.at > max(since, 0.0)}


def counted(app: Wsgi, balance: Balance) -> Wsgi:
    """Wrap the application; a request counts as in flight until its response is ready to be sent."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        balance.in_flight.add(1)
        try:
            return app(environ, start_response)
        finally:
            balance.in_flight.add(-1)

    return answer
