"""Indexes that revisions of PostgreSQL make and drop while rooms are searched and written.

Each ends the transaction of its revision and begins another one, so that what the revision did before is not
undone when this fails. Give an index a revision of its own.
"""

from alembic import op


def create_index(name: str, definition: str) -> None:
    """Build an index, such as `room (price, size)`.

    What an interrupted build left behind, which PostgreSQL maintains but does not use, is built again.
    """
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")


def drop_index(name: str) -> None:
    """Drop an index, if it is still there."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
