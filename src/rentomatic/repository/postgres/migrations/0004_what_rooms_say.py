"""The kind, the neighbourhood, the guests and the shortest stay of rooms.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LINES = {"kind": 60, "neighbourhood": 80}
NUMBERS = {"guests": 1000, "min_stay": 3650}
REFUSED = r"\u0001-\u001f\u007f-\u00a0\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000"
"""Control characters, what reorders or ends a line, and all spaces but the plain one."""


def upgrade() -> None:
    lines = (
        f"""
        ADD COLUMN {name} varchar({longest}) COLLATE "C",
        ADD CONSTRAINT room_{name}_line CHECK ({name} <> '' AND {name} !~ '[{REFUSED}]') NOT VALID,
        ADD CONSTRAINT room_{name}_spaces CHECK ({name} !~ '^ | $|  ') NOT VALID
        """
        for name, longest in LINES.items()
    )
    numbers = (
        f"""
        ADD COLUMN {name} integer,
        ADD CONSTRAINT room_{name}_range CHECK ({name} BETWEEN 1 AND {highest}) NOT VALID
        """
        for name, highest in NUMBERS.items()
    )
    # NOT VALID: no room states them yet, and to look at all of them would keep others out for as long.
    op.execute(f"ALTER TABLE room {', '.join((*lines, *numbers))}")


def downgrade() -> None:
    op.execute(f"ALTER TABLE room {', '.join(f'DROP COLUMN {name}' for name in (*LINES, *NUMBERS))}")
