"""Indexes of the kind, the neighbourhood, the guests and the shortest stay, for the rooms that state them.

Revision ID: 0005
Revises: 0004
"""

from rentomatic.repository.postgres.concurrently import create_index, drop_index

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAMES = ("kind", "neighbourhood", "guests", "min_stay")


def upgrade() -> None:
    for name in NAMES:
        create_index(f"room_{name}", f"room ({name}) WHERE {name} IS NOT NULL")


def downgrade() -> None:
    for name in NAMES:
        drop_index(f"room_{name}")
