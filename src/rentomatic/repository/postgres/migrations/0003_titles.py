"""Titles of rooms, one line each.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Control characters, characters that reorder text or end a line, and all spaces but the plain one.
REFUSED = r"\u0001-\u001f\u007f-\u00a0\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000"


def upgrade() -> None:
    # NOT VALID: no room has a title yet, and checking all of them would block other transactions meanwhile.
    op.execute(
        f"""
        ALTER TABLE room
            ADD COLUMN title varchar(120) COLLATE "C",
            ADD CONSTRAINT room_title_line CHECK (title <> '' AND title !~ '[{REFUSED}]') NOT VALID,
            ADD CONSTRAINT room_title_spaces CHECK (title !~ '^ | $|  ') NOT VALID
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE room DROP COLUMN title")
