"""An index of prices and sizes alone, small enough to count every room in it.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A count of all rooms reads the whole index, and a summary gets the rooms in order of price and size.
    op.execute("CREATE INDEX room_price_size ON room (price, size)")


def downgrade() -> None:
    op.execute("DROP INDEX room_price_size")
