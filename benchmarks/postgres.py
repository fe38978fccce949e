"""Databases of the sample rooms on a real PostgreSQL, for the time of a measurement.

The server is the one that POSTGRES_TEST_URL names, whose user must be a superuser; without that the
embedded one, started when a database is first asked for, as safe against a power cut as in production.
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
"""What differs from the defaults of PostgreSQL."""

_EMPTY = "empty"


class PostgresDatabases:
    """Databases by their URLs, each made when it is first asked for, and dropped at the end."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._end = ExitStack()
        self._prefix = f"rentomatic_bench_{uuid.uuid4().hex[:8]}"
        self.loaded = cache(self._loaded)

    def empty(self) -> str:
        """A database with the schema and no room, the one before being dropped."""
        self._drop(_EMPTY)
        return self._create(_EMPTY)

    def version(self) -> str | None:
        """That of the server, None where none was needed."""
        if "_server" not in vars(self):
            return None
        with psycopg.connect(self._server) as connection:
            return connection.info.parameter_status("server_version")

    def close(self) -> None:
        self._end.close()

    def _loaded(self, rooms: int) -> str:
        """A database of so many rooms, as a load and the autovacuum after it leave it."""
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
    """The same as `DATABASE_URL` takes it."""
    parameters = conninfo_to_dict(conninfo)
    return f"postgresql:///{parameters.pop('dbname')}?{urlencode(parameters, quote_via=quote)}"
