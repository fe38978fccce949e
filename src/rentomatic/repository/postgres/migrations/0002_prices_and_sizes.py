"""An index of prices and sizes alone, small enough to count every room in it.

Revision ID: 0002
Revises: 0001
"""

from rentomatic.repository.postgres.concurrently import create_index, drop_index

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A summary of a million rooms reads 7 MB of this index instead of 118 MB of the table or of `room_price`.
    create_index("room_price_size", "room (price, size)")


def downgrade() -> None:
    drop_index("room_price_size")
