"""Memory to look up the rooms that say a common word.

With the usual 4 MB, PostgreSQL remembers only the blocks of so many rooms, and has to read whole blocks.
16 MB are enough for 1.8 GB of rooms.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER FUNCTION rooms_with(tsquery, bigint) SET work_mem = '16MB'")


def downgrade() -> None:
    op.execute("ALTER FUNCTION rooms_with(tsquery, bigint) RESET work_mem")
