"""Lets revisions of PostgreSQL make indexes, and change many rooms, while rooms are searched and written.

Each function ends the transaction of its revision and begins another, so that a failure does not undo what
the revision did before. Give each index a revision of its own.
"""

from collections.abc import Callable
from typing import Any

from alembic import context, op
from psycopg import Connection


def create_index(name: str, definition: str) -> None:
    """Build an index, such as `room (price, size)`.

    If an interrupted build left an index behind, which PostgreSQL maintains but does not use, it is rebuilt.
    """
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")


def drop_index(name: str) -> None:
    """Drop an index if it exists."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def repeat(step: Callable[[Connection[Any]], int]) -> None:
    """Run a step, each time in a transaction of its own, until it returns that it has changed no room.

    With `migrate --sql` it is left to `migrate`.
    """
    with op.get_context().autocommit_block():
        if op.get_context().as_sql:
            return
        connection = op.get_bind().connection.driver_connection
        while connection and (changed := step(connection)):
            context.config.attributes["told"](changed)
