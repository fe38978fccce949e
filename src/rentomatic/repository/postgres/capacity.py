"""How many connections the server has for this program."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rentomatic.repository.postgres.errors import translated_errors

_CONNECT_TIMEOUT = 5

# `reserved_connections` came with PostgreSQL 16. Without permission to read all statistics, the addresses of
# other users are hidden; then all their connections count as one machine.
_CAPACITY = """
    SELECT current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0),
        count(DISTINCT coalesce(client_addr::text, 'local'))
            FILTER (WHERE application_name = 'rentomatic' AND datname = current_database())
    FROM pg_stat_activity WHERE pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Capacity:
    """connections: for users other than superusers. machines: how many use this database now."""

    connections: int
    machines: int


def capacity(conninfo: str) -> Capacity:
    """Read the capacity from the server. Raises RepositoryUnavailable."""
    given: dict[str, Any] = {"connect_timeout": _CONNECT_TIMEOUT, **conninfo_to_dict(conninfo)}
    with (
        translated_errors(),
        closing(psycopg.connect(make_conninfo(**given), autocommit=True)) as connection,
    ):
        row = connection.execute(_CAPACITY).fetchone()
    connections, machines = row or (0, 0)
    return Capacity(connections, machines)
