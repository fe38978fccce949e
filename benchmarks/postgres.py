"""Databases of sample rooms on a real PostgreSQL, during a measurement.

The server is named by POSTGRES_TEST_URL, whose user must be a superuser; otherwise it is the embedded one,
started when a database is first needed, with the durability of production.
"""

import uuid
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import cache, cached_property
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from rentomatic.repository.postgres.migrate import create_database
from rentomatic.repository.postgres.migrate import upgrade as upgrade_postgres
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.sample_rooms import sample_rooms
from tests.postgres_server import TEST_URL, running, within

SETTINGS = ("shared_buffers=512MB", "max_wal_size=4GB")
"""The settings that differ from PostgreSQL's defaults."""

_EMPTY = "empty"


class PostgresDatabases:
    """Databases by their URLs, created on first use and dropped at the end."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._end = ExitStack()
        self._prefix = f"rentomatic_bench_{uuid.uuid4().hex[:8]}"
        self.loaded = cache(self._loaded)

    def empty(self) -> str:
        """Create a database with the schema and no rooms, and drop the previous one."""
        self._drop(_EMPTY)
        return self._create(_EMPTY)

    def version(self) -> str | None:
        """The server's version, None if no server was needed."""
        if "_server" not in vars(self):
            return None
        with psycopg.connect(self._server) as connection:
            return connection.info.parameter_status("server_version")

    def close(self) -> None:
        self._end.close()

    def _loaded(self, rooms: int) -> str:
        """Create a database of `rooms` rooms, as a load and the following autovacuum leave it."""
        self._log(f"loading {rooms:,} rooms into PostgreSQL")
        url = self._create(str(rooms))
        with closing(PostgresRepo(url, POSTGRES_REVISION)) as repository:
            repository.load(sample_rooms(rooms))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
        return url

    @cached_property
    def _server(self) -> str:
        return TEST_URL or self._end.enter_context(running(*SETTINGS)).conninfo

    def _create(self, name: str) -> str:
        create_database(self._server, f"{self._prefix}_{name}")
        self._end.callback(self._drop, name)
        url = _url(within(self._server, f"{self._prefix}_{name}"))
        upgrade_postgres(url)
        return url

    def _drop(self, name: str) -> None:
        database = sql.Identifier(f"{self._prefix}_{name}")
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))


def _url(conninfo: str) -> str:
    """Return the URL in the form for `DATABASE_URL`."""
    parameters = conninfo_to_dict(conninfo)
    return f"postgresql:///{parameters.pop('dbname')}?{urlencode(parameters, quote_via=quote)}"
