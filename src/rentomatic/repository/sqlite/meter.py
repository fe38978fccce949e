"""How far a read goes on an SQLite connection: counted in steps, so that it is the same on every machine.

A step is an instruction of SQLite's virtual machine, or as much work of Python's. While rooms are looked up
one by one, it takes up to a microsecond of a processor, and four to seven of them pass a room; in a table
that is read from its start to its end it takes a fortieth of that.
"""

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rentomatic.repository.sqlite.errors import name_of
from rentomatic.use_cases.errors import OutOfTime

EVERY = 1000
"""Steps after which SQLite asks whether to go on, also of many short statements of the same text together."""


class TooFar(Exception):
    """The steps that were given are used up."""


class Meter:
    """Counts steps, and ends what takes too many of them, or too long.

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
        """Count steps taken outside of SQLite. Raises TooFar where they are too many, and OutOfTime."""
        self.steps += steps
        if self.steps > self._most:
            raise TooFar
        if self._passed():
            raise OutOfTime

    @contextmanager
    def at_most(self, steps: int) -> Iterator[None]:
        """Raise TooFar where the context takes more steps than that."""
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
