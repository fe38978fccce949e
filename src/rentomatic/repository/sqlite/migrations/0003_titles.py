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
RANGES = ((1, 31), (127, 160), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x202F), (0x205F, 0x205F),
          (0x2066, 0x2069), (0x3000, 0x3000))  # fmt: skip
REFUSED = " || ".join(f"char({low}) || '-' || char({high})" for low, high in RANGES)


def upgrade() -> None:
    op.execute(
        f"""
        ALTER TABLE room ADD COLUMN title TEXT
            CHECK (length(title) BETWEEN 1 AND 120 AND instr(CAST(title AS BLOB), x'00') = 0)
            CHECK (title NOT GLOB '*[' || {REFUSED} || ']*')
            CHECK (title = trim(title) AND instr(title, '  ') = 0)
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE room DROP COLUMN title")
