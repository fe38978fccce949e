"""An application for servers under test, with a slow storage."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.web.app import create_app
from rentomatic.web.limits.tuning import Tuning
from rentomatic.web.limits.turns import App, Lanes

THREADS = 4
QUICK, EXPENSIVE, HELD_SHORTLY, HELD = 0.01, 0.05, 1.0, 8.0
"""Seconds that a search, cells, a search for one room and a look-up by code take.

The last is longer than any request waits for a place, plus some seconds for a crowd to arrive on a busy
machine.
"""


class SlowStorage(MemRepo):
    """Fails if more requests use it at once than the lanes have places."""

    def __init__(self) -> None:
        super().__init__(FIRST_ROOMS)
        lanes = Lanes.of(THREADS)
        self._searches = threading.Semaphore(lanes.quick.places)
        self._cells = threading.Semaphore(lanes.expensive.places)

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        with _taking(self._searches, HELD_SHORTLY if query.limit == 1 else QUICK):
            return super().search(query)

    def get(self, code: str) -> Room | None:
        time.sleep(HELD)
        return super().get(code)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        with _taking(self._cells, EXPENSIVE):
            return super().cells(query, grid)


@contextmanager
def _taking(places: threading.Semaphore, seconds: float) -> Iterator[None]:
    assert places.acquire(blocking=False), "more at a time than there are places"
    try:
        time.sleep(seconds)
        yield
    finally:
        places.release()


def application() -> App:
    return create_app(SlowStorage(), Tuning(threads=THREADS))
