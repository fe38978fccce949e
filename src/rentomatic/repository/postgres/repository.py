"""Rooms in a PostgreSQL database whose schema `migrate` made."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.facets import Facets, beside_choices
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.repository.backend import USUAL_LIMITS, Limits
from rentomatic.repository.budget import patient_seconds, read_within, seconds_within
from rentomatic.repository.by_hand import Values
from rentomatic.repository.postgres import load as loads
from rentomatic.repository.postgres.connections import Connections
from rentomatic.repository.postgres.facets import facets_in
from rentomatic.repository.postgres.grid import cells_of
from rentomatic.repository.postgres.pending import Backlog, count_pending, with_pending, write_words
from rentomatic.repository.postgres.search import (
    all_rooms,
    first_rooms,
    room_of_code,
    row_of_code,
    takes_one_statement,
)
from rentomatic.repository.postgres.session import Result, Session
from rentomatic.repository.postgres.statements import execute
from rentomatic.repository.postgres.totals import count_of, prices_of, quick_count, quick_prices, sample_of
from rentomatic.repository.postgres.words import WRITES_WORDS, swap_sql
from rentomatic.repository.sql import summary_of_groups
from rentomatic.repository.swap import code_of_swap, swap_rows
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, WordsNotStored
from rentomatic.use_cases.ports import LoadCounts, OnConflict, PoolState

_LOAD_WAIT, _SWAP_WAIT = 5.0, 1.0
"""Seconds that a load waits for another load, and a swap for a load, unless the limits say otherwise."""

_WORDS_TIMEOUT, _WORDS_WAIT = 1.0, 0.05
"""Seconds for a statement that writes words after a search, and for which it waits for a load."""

_FREE = 0.005
"""Seconds to take a connection that is free: a pool gives none without any time at all."""

_LOAD_TIMEOUT = 3600.0
"""Seconds for a statement of a load, such as writing all its rooms."""


class PostgresRepo:
    """A database, used through a bounded pool of connections.

    conninfo: a URL, or keywords and values as libpq takes them; several hosts are allowed.
    revision: the schema that this program needs.

    Connects on first use.
    """

    def __init__(self, conninfo: str, revision: str, limits: Limits = USUAL_LIMITS) -> None:
        self._connections = Connections(conninfo, revision, limits)
        self._timeout = limits.statement_timeout
        self._load_wait = _LOAD_WAIT if limits.load_wait is None else limits.load_wait
        self._swap_wait = _SWAP_WAIT if limits.swap_wait is None else limits.swap_wait

    def get(self, code: str) -> Room | None:
        return self._connections.read(lambda session: room_of_code(session, code), one_statement=True)

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        rooms = self._read(
            query,
            lambda session, query: first_rooms(session, query, query.limit + 1, quick=quick),
            one_statement=takes_one_statement(query),
            quick=quick,
            within=within,
        )
        return Page(rooms=tuple(rooms[: query.limit]), more=len(rooms) > query.limit)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        count = quick_count if quick else count_of
        return self._read(
            query, lambda session, query: count(session, query, at_most), quick=quick, within=within
        )

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        prices = quick_prices if quick else prices_of
        groups = self._read(query, prices, quick=quick, within=within)
        return summary_of_groups(groups)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        seconds = patient_seconds(within, self._timeout)
        return self._read(query, sample_of, within=seconds)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        seconds = patient_seconds(within, self._timeout)
        return self._read(query, lambda session, query: cells_of(session, query, grid), within=seconds)

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        # Pending rooms count for a facet, too, if they meet the other conditions.
        return self._read(
            beside_choices(query),
            lambda session, found: facets_in(
                session, replace(found, conditions=query.conditions), quick=quick
            ),
            quick=quick,
            within=within,
        )

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        one_moment = "transaction_isolation = 'repeatable read'"
        read_all = "cursor_tuple_fraction = 1"
        # Rooms are fetched in batches; the first batch may have to wait for a long sort.
        longest = seconds_within(within, 10 * self._timeout)
        with (
            self._connections.transaction(longest, one_moment, read_all) as session,
            closing(all_rooms(session, _complete(session, replace(query, after=None)))) as rooms,
        ):
            yield read_within(rooms, within)

    def load(
        self,
        rooms: Iterable[Room],
        on_conflict: OnConflict = OnConflict.REPLACE,
        dry_run: bool = False,
        *,
        exactly: bool = False,
    ) -> LoadCounts:
        settings = (_lock_timeout(self._load_wait), *loads.SETTINGS)
        with self._connections.transaction(_LOAD_TIMEOUT, *settings) as session:
            return loads.load(session, rooms, on_conflict, keep=not dry_run, exactly=exactly)

    def swap(self, old: Room | None, new: Room | None) -> bool:
        code = code_of_swap(old, new)
        # While a load holds the lock, a long wait would keep connections from readers.
        wait = _lock_timeout(self._swap_wait)
        with self._connections.transaction(self._timeout, wait, WRITES_WORDS) as session:

            def swap(row: Values | None) -> bool:
                return execute(session, swap_sql(row, new)) > 0

            return swap_rows(old, swap, lambda: row_of_code(session, code))

    def _read(
        self,
        query: RoomQuery,
        work: Callable[[Session, RoomQuery], Result],
        *,
        one_statement: bool = False,
        quick: bool = False,
        within: float | None = None,
    ) -> Result:
        """Return the result of the work; a search for words is given to it with the pending rooms.

        If there were any, writes the words of some of them afterwards. Raises WordsNotStored instead of
        OutOfTime if there were many.
        """
        if not query.words:
            return self._connections.read(
                lambda session: work(session, query), one_statement=one_statement, within=within
            )
        backlog = Backlog()
        try:
            result = self._connections.read(
                lambda session: work(session, with_pending(session, query, backlog, quick=quick)),
                within=within,
            )
        except OutOfTime as error:
            if backlog.is_long and type(error) is OutOfTime:
                raise WordsNotStored from error
            raise
        if backlog.is_writable:
            self._write_words()
        return result

    def _write_words(self) -> None:
        """Write the words of some pending rooms, if a connection is free and nobody locks the rooms."""
        waits = _lock_timeout(_WORDS_WAIT)
        with (
            suppress(RepositoryUnavailable),
            self._connections.transaction(_WORDS_TIMEOUT, waits, patience=_FREE) as session,
        ):
            write_words(session)

    def pending(self, at_most: int) -> int:
        """Return the number of rooms whose words are not stored, at most `at_most`."""
        return self._connections.read(lambda session: count_pending(session, at_most))

    def ping(self) -> None:
        self._connections.ping()

    def pool_state(self) -> PoolState:
        return self._connections.state()

    def close(self) -> None:
        self._connections.close()


def _complete(session: Session, query: RoomQuery) -> RoomQuery:
    return with_pending(session, query, Backlog()) if query.words else query


def _lock_timeout(seconds: float) -> str:
    """Return the setting in milliseconds; never 0, which would mean no limit."""
    return f"lock_timeout = {max(1, round(1000 * seconds))}"
