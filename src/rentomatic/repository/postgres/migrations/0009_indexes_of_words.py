"""An index of words, and one of the rooms without them.

`rentomatic migrate` writes the words of the rooms that say something already once the schema is the newest.

Revision ID: 0009
Revises: 0008
"""

from rentomatic.repository.postgres.concurrently import create_index, drop_index

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PENDING = "words IS NULL AND num_nonnulls(title, kind, neighbourhood, features, description) > 0"


def upgrade() -> None:
    create_index("room_pending", f"room (code) WHERE {PENDING}")
    # Words that are not yet in the index proper are read one by one by every search: 256 kB of them take a
    # millisecond.
    create_index(
        "room_words", "room USING gin (words) WITH (gin_pending_list_limit = 256) WHERE words IS NOT NULL"
    )


def downgrade() -> None:
    drop_index("room_words")
    drop_index("room_pending")
