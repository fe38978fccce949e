"""The kind, the neighbourhood, the guests and the shortest stay of rooms, with an index of each.

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

# Control characters, what reorders or ends a line, and all spaces but the plain one.
RANGES = ((1, 31), (127, 160), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x202F), (0x205F, 0x205F),
          (0x2066, 0x2069), (0x3000, 0x3000))  # fmt: skip
REFUSED = " || ".join(f"char({low}) || '-' || char({high})" for low, high in RANGES)


def upgrade() -> None:
    for name, longest in LINES.items():
        op.execute(
            f"""
            ALTER TABLE room ADD COLUMN {name} TEXT
                CHECK (length({name}) BETWEEN 1 AND {longest} AND instr(CAST({name} AS BLOB), x'00') = 0)
                CHECK ({name} NOT GLOB '*[' || {REFUSED} || ']*')
                CHECK ({name} = trim({name}) AND instr({name}, '  ') = 0)
            """
        )
    for name, highest in NUMBERS.items():
        op.execute(f"ALTER TABLE room ADD COLUMN {name} INTEGER CHECK ({name} BETWEEN 1 AND {highest})")
    for name in (*LINES, *NUMBERS):  # of the rooms that state it: the others cost nothing
        op.execute(f"CREATE INDEX room_{name} ON room ({name}) WHERE {name} IS NOT NULL")


def downgrade() -> None:
    for name in (*LINES, *NUMBERS):
        op.execute(f"DROP INDEX room_{name}")
        op.execute(f"ALTER TABLE room DROP COLUMN {name}")
