"""Lets revisions of PostgreSQL make indexes while rooms are searched and written.

Each function ends the transaction of its revision and begins another, so that a failure does not undo what
the revision did before. Give each index a revision of its own.
"""

from alembic import op


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
