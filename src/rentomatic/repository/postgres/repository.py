"""Rooms in a PostgreSQL database whose schema `rentomatic.migrations` made."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Range, Summary, summary_of
from rentomatic.repository.postgres import load as loads
from rentomatic.repository.postgres.connections import Connections, Limits
from rentomatic.repository.postgres.search import (
    all_rooms,
    count_of,
    first_rooms,
    prices_of,
    room_of_code,
)
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts, OnConflict

_MANY = 10_000
"""Changed rooms after which the statistics of the table are made anew."""


class PostgresRepo:
    """A database, reached through a bounded pool of connections.

    conninfo: a URL or keywords and values as libpq takes them, several hosts included.
    revision: the schema that this program needs.
    statement_timeout, connect_timeout, pool_timeout: seconds for a statement, for reaching the server,
        and for waiting for a free connection. Loads and exports take their time.
    pool_size: the most connections at a time.
    prepare: whether statements are prepared on the server; a pooler that gives a connection away after
        every transaction may not allow it.

    Nothing is connected before the first use.
    """

    def __init__(
        self,
        conninfo: str,
        revision: str,
        *,
        statement_timeout: float = 10.0,
        connect_timeout: float = 5.0,
        pool_timeout: float = 3.0,
        pool_size: int = 4,
        prepare: bool = True,
    ) -> None:
        limits = Limits(statement_timeout, connect_timeout, pool_timeout, pool_size, prepare)
        self._connections = Connections(conninfo, revision, limits)
        # An export fetches a part of its rooms at a time, the first one perhaps after a long sort.
        self._export_timeout = f"statement_timeout = {round(statement_timeout * 10_000)}"

    def get(self, code: str) -> Room | None:
        return self._connections.read(lambda session: room_of_code(session, code))

    def search(self, query: RoomQuery) -> Page:
        rooms = self._connections.read(lambda session: first_rooms(session, query, query.limit + 1))
        return Page(rooms=tuple(rooms[: query.limit]), more=len(rooms) > query.limit)

    def count(self, query: RoomQuery, at_most: int | None = None) -> int:
        return self._connections.read(lambda session: count_of(session, query, at_most))

    def summarise(self, query: RoomQuery) -> Summary:
        groups = self._connections.read(lambda session: prices_of(session, query))
        sizes = [size for _, _, *range_ in groups for size in range_ if size is not None]
        return summary_of(
            {price: rooms for price, rooms, *_ in groups}, Range(min(sizes), max(sizes)) if sizes else None
        )

    @contextmanager
    def stream(self, query: RoomQuery) -> Iterator[Iterator[Room]]:
        one_moment = "transaction_isolation = 'repeatable read'"
        read_all = "cursor_tuple_fraction = 1"
        with (
            self._connections.transaction(one_moment, self._export_timeout, read_all) as session,
            closing(all_rooms(session, replace(query, after=None))) as rooms,
        ):
            yield rooms

    def load(
        self, rooms: Iterable[Room], on_conflict: OnConflict = OnConflict.REPLACE, dry_run: bool = False
    ) -> LoadCounts:
        with self._connections.transaction(*loads.SETTINGS) as session:
            counts = loads.load(session, rooms, on_conflict, keep=not dry_run)
        if not dry_run and counts.added + counts.replaced >= _MANY:
            # The server would do so by itself in about a minute; until then searches would be planned badly.
            with suppress(RepositoryUnavailable), self._connections.outside_transactions() as session:
                session.execute("SET statement_timeout = 0")
                session.execute("VACUUM (ANALYZE) room")
        return counts

    def remove(self, code: str) -> bool:
        with self._connections.transaction() as session:
            return session.execute("DELETE FROM room WHERE code = %s", (code,)).rowcount > 0

    def ping(self) -> None:
        self._connections.ping()

    def close(self) -> None:
        self._connections.close()
