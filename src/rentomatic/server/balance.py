"""Even work for the workers of a server: one that has more than its share gives connections away.

HTTP keeps a connection with the worker that the kernel chose, by chance, when it began: of eight connections
one of two workers often has three or fewer. So each worker writes how much it has to do into memory that all
of them share, and one with clearly more than another ends a few connections with their next answers
("Connection: close", RFC 9112, section 9.6, which loses nothing). Their clients connect again; where the
kernel can be told, new connections meanwhile go to those with less to do, and never to a worker that is gone.
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
"""Seconds over which a worker averages what it has to do."""

_SMOOTHING = 0.25
"""What one window counts in the longer average, which a single window moves little."""

_BUSY = 0.5
"""Requests in flight, on average, below which a worker gives nothing away: nobody waits for it."""

_CLEARLY_LESS = 2 / 3
"""What another worker has to do at most, beside this one, for connections to be given away: 40 to 60."""

_SILENT_AFTER = 1.5
"""Seconds after which a worker that writes nothing counts as gone."""

_ACTIVE = 1.0
"""Seconds within which something arrived on a connection that is in use."""

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_NONE = 1e-9
"""Instead of 0, to divide by."""


class Load(NamedTuple):
    """What a worker tells of itself.

    Times are those of `time.monotonic`, which all processes of a machine share.
    began: when the worker did. at: when it wrote this; 0 if it never did. short, long: requests in flight, on
    average over one window and over about a second. giving: how many connections it is giving away.
    """

    began: float = 0.0
    at: float = 0.0
    short: float = 0.0
    long: float = 0.0
    giving: float = 0.0


_FIELDS = len(Load._fields)
_SIZE = 8  # of a double


class Loads:
    """The load of each worker, in a file that all of them have in memory.

    Each number is written at once, but a row is not: a reader may find one that is a window older than the
    next, which does no harm.
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
    """A file for the loads of that many workers, for the time of the context; None where it has no use."""
    if workers < 2 or sys.platform != "linux":
        yield None
        return
    with held_folder("rentomatic-workers-", memory_folder()) as folder:
        path = folder / "loads"
        Loads.create(path, workers)
        yield path


class InFlight:
    """How many requests are worked on, averaged over time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._sum = 0.0  # of requests times seconds
        self._began = self._changed = clock()

    def add(self, number: int) -> None:
        """From now on `number` more are worked on, or fewer."""
        with self._lock:
            self._advance()
            self._count += number

    def average(self) -> float:
        """The average since the last call."""
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
    """The part of one worker: what it tells, and which of its connections it ends."""

    def __init__(
        self,
        loads: Loads,
        row: int,
        active: Callable[[float], int],
        steer: Callable[[Collection[int]], None] = lambda rows: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """active: tells how many connections were in use within that many seconds.

        steer: makes new connections go to the workers of these rows, or to any for none.
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
        """Tell and compare, every window, until the event is set or a younger worker has the row."""
        threading.Thread(target=self._watch, args=(stop,), name="balance", daemon=True).start()

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(WINDOW) and self.turn():
            pass

    def turn(self) -> bool:
        """Do it once; False where a younger worker has the row."""
        short = self.in_flight.average()
        if self._loads[self._row].began > self._began:
            self._allow(0)
            return False
        self._long = short if self._long is None else self._long + _SMOOTHING * (short - self._long)
        own = Load(self._began, self._clock(), short, self._long)
        # What moves now shows in the next window but one.
        surplus = 0 if self._settling else self._surplus(own)
        self._settling = surplus > 0
        self._loads[self._row] = own._replace(giving=surplus)
        self._choose()
        self._allow(surplus)
        return True

    def gives_away(self) -> bool:
        """Whether the answer that is due is to end its connection, which otherwise goes on."""
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
        """How many connections to give away: with them, the worker with the least to do has as much as this.

        0 while a worker is missing or starts. Half a connection is not rounded up: a single one, or the third
        of three, would move for ever.
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
        """Steer new connections to workers that are there, and while one gives some away to those with less.

        Every worker does the same by the same numbers, so that it is done if any of them lives.
        """
        present = self._present()
        most = max((load.short for load in present.values() if load.giving), default=None)
        chosen = {row for row, load in present.items() if most is None or load.short <= most * _CLEARLY_LESS}
        if len(chosen) == len(self._loads):
            chosen = set()
        if chosen != self._chosen:
            self._chosen = chosen
            with suppress(OSError):  # where the kernel cannot be told, chance decides
                self._steer(chosen)

    def _present(self) -> dict[int, Load]:
        """The loads of the workers that told theirs of late."""
        since = self._clock() - _SILENT_AFTER
        loads = {row: self._loads[row] for row in range(len(self._loads))}
        return {row: load for row, load in loads.items() if load.at > max(since, 0.0)}


def counted(app: Wsgi, balance: Balance) -> Wsgi:
    """The application, whose requests count as in flight until their answer is ready to be sent."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        balance.in_flight.add(1)
        try:
            return app(environ, start_response)
        finally:
            balance.in_flight.add(-1)

    return answer
