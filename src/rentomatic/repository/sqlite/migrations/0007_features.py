"""An index of the rooms that state features, which tells at once whether any does.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX room_features ON room (id) WHERE features IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX room_features")
