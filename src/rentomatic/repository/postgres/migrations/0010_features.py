"""An index of the rooms that state features, which tells at once whether any does.

Revision ID: 0010
Revises: 0009
"""

from rentomatic.repository.postgres.concurrently import create_index, drop_index

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index("room_features", "room (cardinality(features)) WHERE features IS NOT NULL")


def downgrade() -> None:
    drop_index("room_features")
