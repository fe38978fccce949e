"""Rooms in MongoDB, behind the port of the use cases."""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from threading import Lock

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import (
    ConnectionFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.facets import Facets, beside_choices
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.repository.availability import Availability
from rentomatic.repository.backend import USUAL_LIMITS, Limits
from rentomatic.repository.budget import read_within, seconds_within
from rentomatic.repository.mongo.cells import cells_in
from rentomatic.repository.mongo.errors import (
    NEEDS_A_REPLICA_SET,
    WRONG_ADDRESS,
    explained,
    translated_errors,
)
from rentomatic.repository.mongo.facets import facets_in
from rentomatic.repository.mongo.filters import Document, room_of
from rentomatic.repository.mongo.load import load
from rentomatic.repository.mongo.pending import count_pending, with_pending
from rentomatic.repository.mongo.quick import require_quick_count, require_quick_search
from rentomatic.repository.mongo.search import Moment, all_rooms, first_rooms
from rentomatic.repository.mongo.swap import swap
from rentomatic.repository.mongo.totals import (
    count_rooms,
    sample_of_rooms,
    summary_of_rooms,
)
from rentomatic.repository.mongo.words import WITHOUT_WORDS
from rentomatic.repository.schema import require_revision
from rentomatic.repository.staging import staged
from rentomatic.repository.swap import code_of_swap
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts, OnConflict

_LOAD_WAIT = 5.0
"""Seconds that a load waits for another load to end."""

_SWAP_WAIT = 2.0
"""Seconds for a swap, which MongoDB retries by itself until a conflicting load has ended."""

_PAUSE = 0.02
_PING_TIMEOUT = 1.0

_SILENCE = 60.0
"""Seconds without an answer after which a connection is given up, during exports and loads too."""

_SCHEMA = {"_id": "room"}
"""The document that holds the revision. Each load writes to it first, so that loads run one at a time."""


class MongoRepo:
    """A database with the schema made by `migrate`, in a replica set or a sharded cluster.

    uri: `mongodb://…`, as PyMongo takes it.
    revision: the schema that this program needs.

    A load is one transaction, begun once all its rooms have arrived; an export reads one snapshot. MongoDB
    limits both: a transaction to one minute (`transactionLifetimeLimitSeconds`), a snapshot to five
    (`minSnapshotHistoryWindowInSeconds`). Beyond that they end in RepositoryUnavailable and change nothing;
    raise the limits in the server's settings.

    Connects on first use, so that a server may fork its workers first.
    """

    def __init__(self, uri: str, database: str, revision: str, limits: Limits = USUAL_LIMITS) -> None:
        self._uri = uri
        self._name = database
        self._revision = revision
        self._limits = limits
        self._timeout = limits.statement_timeout
        self._load_wait = _LOAD_WAIT if limits.load_wait is None else limits.load_wait
        self._swap_wait = _SWAP_WAIT if limits.swap_wait is None else limits.swap_wait
        self._opening = Lock()
        self._client: MongoClient[Document] | None = None
        self._checked = False
        self._availability = Availability(self._reach)

    def get(self, code: str) -> Room | None:
        with self._database(self._timeout) as database:
            document = database.room.find_one({"code": code}, WITHOUT_WORDS)
            return room_of(document) if document else None

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        with self._search(query, seconds_within(within, self._timeout), quick=quick) as (moment, found):
            if quick:
                require_quick_search(moment, found)
            rooms = first_rooms(moment, found, query.limit + 1)
        return Page(rooms=tuple(rooms[: query.limit]), more=len(rooms) > query.limit)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        with self._search(query, seconds_within(within, self._timeout), quick=quick) as (moment, found):
            if quick:
                require_quick_count(moment, found, at_most)
            return count_rooms(moment, found, at_most)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        with self._search(query, seconds_within(within, self._timeout), quick=quick) as (moment, found):
            if quick:
                require_quick_count(moment, found, None)
            return summary_of_rooms(moment, found)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        with self._search(query, seconds_within(within, self._timeout)) as (moment, found):
            return sample_of_rooms(moment.rooms, found)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        with self._search(query, seconds_within(within, self._timeout)) as (moment, found):
            return cells_in(moment, found, grid)

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        # Pending rooms count for a facet, too, if they meet the other conditions.
        others, seconds = beside_choices(query), seconds_within(within, self._timeout)
        with self._search(others, seconds, quick=quick) as (moment, found):
            return facets_in(moment, replace(found, conditions=query.conditions), quick=quick)

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        whole = replace(query, after=None)
        # With an overall time-out PyMongo would wait for a silent server for all of it, longer than
        # `_SILENCE`. Closing the rooms closes their cursor, which would otherwise stay open on the server for
        # ten minutes.
        with (
            self._search(whole, timeout=None) as (moment, found),
            closing(all_rooms(moment, found)) as rooms,
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
        with (
            self._database(timeout=None) as database,  # before staging, to fail early
            staged(rooms) as incoming,
            database.client.start_session() as session,
        ):
            self._begin(database, session)
            counts = load(database.room, session, incoming, on_conflict, exactly=exactly)
            if not dry_run:
                session.commit_transaction()
        return counts  # the end of the session aborts a transaction that was not committed

    def swap(self, old: Room | None, new: Room | None) -> bool:
        code_of_swap(old, new)
        with self._database(min(self._swap_wait, self._timeout)) as database:
            return swap(database.room, old, new)

    def pending(self, at_most: int) -> int:
        """Return the number of rooms whose words are not stored, at most `at_most`."""
        with self._database(self._timeout) as database:
            return count_pending(database.room, at_most)

    def ping(self) -> None:
        self._availability.require()
        with translated_errors(self._learn), pymongo.timeout(_PING_TIMEOUT):
            self._check_schema(self._opened().get_database(self._name))

    def close(self) -> None:
        self._availability.stop()
        with self._opening:
            client, self._client = self._client, None
        if client is not None:
            client.close()
        self._availability.join(self._limits.connect_timeout)

    @contextmanager
    def _database(self, timeout: float | None) -> Iterator[Database[Document]]:
        """Give the database, with its schema checked, for the time of the context.

        timeout: seconds for everything in the context, connecting included.
        """
        self._availability.require()
        with (
            translated_errors(self._learn),
            nullcontext() if timeout is None else pymongo.timeout(timeout),
        ):
            client = self._opened()
            database = client.get_database(self._name)
            # Without a shorter time-out, PyMongo would look for a server for all of `timeout`.
            if not (self._checked and client.topology_description.has_readable_server()):
                if self._checked:
                    self._availability.suspect()
                with pymongo.timeout(self._limits.connect_timeout):  # or the time left, if that is less
                    self._check_schema(database)
            yield database
        self._availability.answered()

    def _reach(self) -> None:
        """Connect to a server and read from it."""
        if (client := self._client) is not None:
            with translated_errors(), pymongo.timeout(self._limits.connect_timeout):
                client.get_database(self._name).schema.find_one(_SCHEMA)

    def _learn(self, error: PyMongoError) -> None:
        """Update the availability after a failure."""
        if isinstance(error, ServerSelectionTimeoutError):
            refusal = explained(error)
            refusal.__cause__ = error
            self._availability.lost(refusal)
        elif isinstance(error, ConnectionFailure) and not isinstance(error, WaitQueueTimeoutError):
            self._availability.suspect()

    @contextmanager
    def _search(
        self, query: RoomQuery, timeout: float | None, *, quick: bool = False
    ) -> Iterator[tuple[Moment, RoomQuery]]:
        """Give the rooms at one moment, for any number of statements, and the search with pending rooms."""
        with (
            self._database(timeout) as database,
            database.client.start_session(snapshot=True) as session,
        ):
            moment = Moment(database.room, session)
            yield moment, with_pending(moment, query, quick=quick)

    def _opened(self) -> MongoClient[Document]:
        with self._opening:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> MongoClient[Document]:
        milliseconds = int(self._limits.connect_timeout * 1000)
        try:
            return MongoClient(
                self._uri,
                appname="rentomatic",
                maxPoolSize=self._limits.pool_size,
                waitQueueTimeoutMS=milliseconds,
                serverSelectionTimeoutMS=milliseconds,
                connectTimeoutMS=milliseconds,
                socketTimeoutMS=int(_SILENCE * 1000),
                w="majority",  # acknowledged writes survive the loss of one server
            )
        except ValueError as error:  # a bad port or option; other mistakes raise PyMongoError
            raise RepositoryUnavailable(WRONG_ADDRESS) from error

    def _check_schema(self, database: Database[Document]) -> None:
        document = database.schema.find_one(_SCHEMA)
        servers = database.client.topology_description.server_descriptions().values()
        if any(server.server_type_name == "Standalone" for server in servers):
            raise RepositoryUnavailable(NEEDS_A_REPLICA_SET)
        found = document["revision"] if document else None
        require_revision(found, self._revision, running=self._checked)
        self._checked = True

    def _begin(self, database: Database[Document], session: ClientSession) -> None:
        """Begin a transaction for a load, waiting for another load to end."""
        end = time.monotonic() + self._load_wait
        while True:
            session.start_transaction(
                ReadConcern("snapshot"), WriteConcern("majority", wtimeout=int(_SILENCE * 1000))
            )
            try:
                # In MongoDB, of two transactions that write to one document the second has to start again.
                database.schema.update_one(_SCHEMA, {"$inc": {"loads": 1}}, session=session)
            except PyMongoError as error:
                session.abort_transaction()
                if not _may_pass(error) or time.monotonic() > end:
                    raise
                time.sleep(_PAUSE)
            else:
                return


def _may_pass(error: PyMongoError) -> bool:
    """Whether a retry may help: another transaction is writing, or a connection was cut."""
    gone = isinstance(error, ServerSelectionTimeoutError)
    return error.has_error_label("TransientTransactionError") and not gone
