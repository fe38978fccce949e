"""Limits the work of a read on an SQLite connection, counted in steps, which are the same on every machine.

A step is an instruction of SQLite's virtual machine, or an equal amount of work in Python. When rooms are
looked up one by one, a step takes up to a microsecond of processor time, and a room takes four to seven
steps; when a table is read from start to end, a step takes a fortieth of that.
"""

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rentomatic.repository.sqlite.errors import name_of
from rentomatic.use_cases.errors import OutOfTime

EVERY = 1000
"""SQLite calls back after this many steps, which add up over short statements with the same text."""


class TooFar(Exception):
    """A read has used up its steps."""


class Meter:
    """Counts steps, and ends reads that take too many steps or too long.

    passed: whether the time is up.
    """

    def __init__(self, passed: Callable[[], bool] = lambda: False) -> None:
        self.steps = 0
        self._most = math.inf
        self._passed = passed

    def count(self, connection: sqlite3.Connection) -> None:
        """Count the steps of all statements on the connection from now on."""
        connection.set_progress_handler(self._interrupts, EVERY)

    def take(self, steps: int) -> None:
        """Count steps taken outside SQLite. Raises TooFar if they are too many, and OutOfTime."""
        self.steps += steps
        if self.steps > self._most:
            raise TooFar
        if self._passed():
            raise OutOfTime

    @contextmanager
    def at_most(self, steps: int) -> Iterator[None]:
        """Raise TooFar if the context takes more than `steps`."""
        self._most = self.steps + steps
        try:
            yield
        except sqlite3.OperationalError as error:
            if name_of(error) == "SQLITE_INTERRUPT" and self.steps > self._most:
                raise TooFar from error
            raise
        finally:
            self._most = math.inf

    def _interrupts(self) -> bool:
        self.steps += EVERY
        return self.steps > self._most or self._passed()
