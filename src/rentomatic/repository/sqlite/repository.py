"""Rooms in an SQLite file: any number of readers beside one writer (WAL)."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.facets import Facets
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.repository.backend import USUAL_LIMITS, Limits
from rentomatic.repository.budget import Deadline, read_within
from rentomatic.repository.by_hand import Values
from rentomatic.repository.schema import Told, require_revision
from rentomatic.repository.sql import summary_of_groups, swap_sql
from rentomatic.repository.sqlite.cells import cells_of
from rentomatic.repository.sqlite.errors import name_of, translated_errors
from rentomatic.repository.sqlite.facets import facets_on
from rentomatic.repository.sqlite.files import (
    BUSY_TIMEOUT,
    LOG_KEPT,
    OpenFile,
    opened,
    state_of,
)
from rentomatic.repository.sqlite.load import apply, stage
from rentomatic.repository.sqlite.meter import Meter
from rentomatic.repository.sqlite.search import all_rooms, first_rooms, room_of_code, row_of_code
from rentomatic.repository.sqlite.totals import (
    count_of,
    prices_of,
    quick_count_of,
    quick_prices_of,
    sample_of,
)
from rentomatic.repository.sqlite.words import count_pending, write_words
from rentomatic.repository.staging import NO_SPACE_TO_STAGE
from rentomatic.repository.swap import code_of_swap, swap_rows
from rentomatic.use_cases.errors import RepositoryUnavailable, StorageReadOnly
from rentomatic.use_cases.ports import LoadCounts, OnConflict

_LOAD_WAIT = 60.0
"""Seconds that a load waits for another writer. Its rooms are staged by then: failing would waste that."""

_SWAP_WAIT = 1.0
"""Seconds that a swap waits for another writer; short, because it keeps a thread from readers meanwhile."""

_LOAD_CACHE = -16384
"""Negative: in KiB."""

_PING_TIMEOUT = 1.0

_WORDS_AT_ONCE, _WORDS_WITH_A_SWAP = 2000, 20
"""The most rooms of other programs whose words are written in one transaction, and together with a swap."""


class SqliteRepo:
    """A file with the schema made by `migrate`.

    path: the file, which is never created here.
    revision: the schema that this program needs.

    Connections are kept in a pool, each used by one thread at a time.
    """

    def __init__(self, path: Path, revision: str, limits: Limits = USUAL_LIMITS) -> None:
        self._path = path
        self._revision = revision
        self._timeout = limits.statement_timeout
        self._load_wait = _LOAD_WAIT if limits.load_wait is None else limits.load_wait
        self._swap_wait = _SWAP_WAIT if limits.swap_wait is None else limits.swap_wait
        self._idle: list[OpenFile] = []
        self._closed = False
        self._schema_is_known = False

    def get(self, code: str) -> Room | None:
        with self._connection(self._meter()) as connection:
            return room_of_code(connection, code)

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        meter = self._meter(within)
        with self._reading(meter) as connection:
            rooms = first_rooms(connection, query, query.limit + 1, meter, quick=quick)
        return Page(rooms=tuple(rooms[: query.limit]), more=len(rooms) > query.limit)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        meter = self._meter(within)
        with self._reading(meter) as connection:
            if quick:
                return quick_count_of(connection, query, at_most, meter)
            return count_of(connection, query, at_most)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        deadline = Deadline(within, self._timeout)
        meter = Meter(deadline.passed)
        with self._reading(meter) as connection:
            groups = quick_prices_of(connection, query, meter) if quick else prices_of(connection, query)
            return summary_of_groups(deadline.watched(groups))

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        with self._reading(self._meter(within)) as connection:
            return sample_of(connection, query)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        with self._reading(self._meter(within)) as connection:
            return cells_of(connection, query, grid)

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        with self._reading(self._meter(within)) as connection:
            return facets_on(connection, query, quick=quick)

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        whole = replace(query, after=None)
        # Closing the rooms ends their statement, which would otherwise hold its snapshot.
        meter = None if within is None else Meter(_clock(within))  # the reader may use another thread
        with self._reading(meter) as connection, closing(all_rooms(connection, whole)) as rooms:
            yield read_within(rooms, within)

    def load(
        self,
        rooms: Iterable[Room],
        on_conflict: OnConflict = OnConflict.REPLACE,
        dry_run: bool = False,
        *,
        exactly: bool = False,
    ) -> LoadCounts:
        try:
            # The staged rooms are removed with the connection.
            with self._connection(None, keep=False) as connection:
                with _staging_errors():
                    stage(connection, rooms, on_conflict)
                connection.execute(f"PRAGMA cache_size = {_LOAD_CACHE}")
                begin = "BEGIN" if dry_run else "BEGIN IMMEDIATE"
                with _waiting(connection, self._load_wait), _transaction(connection, begin):
                    return apply(connection, on_conflict, keep=not dry_run, exactly=exactly)
        finally:
            self._shorten_log()

    def swap(self, old: Room | None, new: Room | None) -> bool:
        code = code_of_swap(old, new)
        with (
            self._connection(self._meter()) as connection,
            _waiting(connection, self._swap_wait),
            _transaction(connection, "BEGIN IMMEDIATE"),
        ):

            def swap(row: Values | None) -> bool:
                statement = swap_sql(row, new)
                swapped = connection.execute(statement.text, statement.values).rowcount > 0
                write_words(connection, _WORDS_WITH_A_SWAP)
                return swapped

            return swap_rows(old, swap, lambda: row_of_code(connection, code))

    def pending(self, at_most: int) -> int:
        """Return the number of rooms whose words are not stored, at most `at_most`."""
        with self._connection(self._meter()) as connection:
            return count_pending(connection, at_most)

    def write_words(self, told: Told) -> None:
        """Write the words of rooms that other programs wrote, in steps between which others can write."""
        while self.pending(1):
            with (
                self._connection(None) as connection,
                _waiting(connection, self._load_wait),
                _transaction(connection, "BEGIN IMMEDIATE"),
            ):
                told(write_words(connection, _WORDS_AT_ONCE))

    def _shorten_log(self) -> None:
        """Truncate the log after a large load, even one that filled the disk and failed."""
        log = self._path.with_name(f"{self._path.name}-wal")
        with suppress(OSError, RepositoryUnavailable):
            if log.stat().st_size > LOG_KEPT:
                with self._connection(None) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def ping(self) -> None:
        with self._connection(self._meter(_PING_TIMEOUT)) as connection:
            self._check_schema(connection)

    def can_write(self) -> bool:
        """Whether the file can be written to, now or after another writer."""
        try:
            with (
                self._connection(self._meter()) as connection,
                _waiting(connection, 0),
                _transaction(connection, "BEGIN IMMEDIATE"),
            ):
                connection.execute("DELETE FROM room WHERE false")  # makes SQLite notice a read-only file
                return True
        except StorageReadOnly:
            return False
        except RepositoryUnavailable as error:
            if isinstance(error.__cause__, sqlite3.Error) and name_of(error.__cause__) == "SQLITE_BUSY":
                return True
            raise

    def close(self) -> None:
        self._closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().connection.close()

    @contextmanager
    def _connection(self, meter: Meter | None, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """Give a connection for the time of the context.

        meter: counts the steps of its statements and ends them; None for no limit.
        keep: whether to return the connection to the pool.
        """
        with translated_errors():
            file = self._take()
            connection = file.connection
            try:
                if meter:
                    meter.count(connection)
                yield connection
            except sqlite3.Error:
                file.require_unchanged(self._path)
                raise
            finally:
                connection.set_progress_handler(None, 0)
                if connection.in_transaction or file.unchanged or not keep:
                    connection.close()
                else:
                    self._idle.append(file)
                if self._closed:  # closed while this connection was in use
                    self.close()
            file.require_unchanged(self._path)

    @contextmanager
    def _reading(self, meter: Meter | None) -> Iterator[sqlite3.Connection]:
        """Give a connection whose statements all see one moment."""
        with self._connection(meter) as connection, _transaction(connection, "BEGIN"):
            yield connection

    def _meter(self, within: float | None = None) -> Meter:
        """Return a meter that ends this thread's statements after `within` seconds or the usual limit."""
        return Meter(Deadline(within, self._timeout).passed)

    def _take(self) -> OpenFile:
        """Return a connection to the file that is at the path now."""
        found = state_of(self._path)
        with suppress(IndexError):
            while True:
                idle = self._idle.pop()
                if idle.is_of(found):
                    return idle
                idle.connection.close()
        file = opened(self._path, found)
        try:
            self._check_schema(file.connection)
        except BaseException:
            file.connection.close()
            raise
        return file

    def _check_schema(self, connection: sqlite3.Connection) -> None:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            row = None
        require_revision(row[0] if row else None, self._revision, running=self._schema_is_known)
        self._schema_is_known = True


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """Run a transaction: committed at the end, rolled back on an error."""
    connection.execute(begin)
    try:
        yield
    except BaseException:
        # SQLite rolls back by itself after some errors, such as a full disk.
        if connection.in_transaction:
            connection.rollback()
        raise
    connection.execute("COMMIT")


@contextmanager
def _waiting(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Let statements in the context wait up to `seconds` for another writer."""
    connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT * 1000)}")


def _clock(timeout: float) -> Callable[[], bool]:
    """Return a function that tells whether `timeout` seconds from now have passed."""
    end = time.monotonic() + timeout
    return lambda: time.monotonic() > end


@contextmanager
def _staging_errors() -> Iterator[None]:
    """Raise RepositoryUnavailable if a load cannot write to its temporary database."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")):
            raise RepositoryUnavailable(NO_SPACE_TO_STAGE) from error
        raise
