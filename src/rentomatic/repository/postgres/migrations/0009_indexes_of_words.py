"""The words of the rooms that say something already, their index, and one of the rooms without them.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

from rentomatic.repository.postgres.concurrently import create_index, drop_index, repeat
from rentomatic.repository.postgres.pending import write_words

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

AT_ONCE = 1000
"""Rooms whose words are written in one transaction, which keeps other writers of these out for some 0.1 s."""

PENDING = "words IS NULL AND num_nonnulls(title, kind, neighbourhood, features, description) > 0"


def upgrade() -> None:
    create_index("room_pending", f"room (code) WHERE {PENDING}")
    repeat(lambda connection: write_words(connection, AT_ONCE))
    # Words that are not yet in the index proper are read one by one by every search: 256 kB of them take a
    # millisecond.
    create_index(
        "room_words", "room USING gin (words) WITH (gin_pending_list_limit = 256) WHERE words IS NOT NULL"
    )
    with op.get_context().autocommit_block():
        op.execute("ANALYZE room (words)")


def downgrade() -> None:
    drop_index("room_words")
    drop_index("room_pending")
