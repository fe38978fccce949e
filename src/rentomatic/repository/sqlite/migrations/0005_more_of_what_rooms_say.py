"""The features, the description, the address and the photos of rooms.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Control characters but the line feed, what reorders or ends a line, and all spaces but the plain one.
RANGES = ((1, 9), (11, 31), (127, 160), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x202F),
          (0x205F, 0x205F), (0x2066, 0x2069), (0x3000, 0x3000))  # fmt: skip
LIST = """
    {0} IS NULL OR json_valid({0}) AND json_type({0}) = 'array' AND json_array_length({0}) BETWEEN 1 AND {1}
"""
REFUSED = " || ".join(f"char({low}) || '-' || char({high})" for low, high in RANGES)

RULES = {
    "features": LIST.format("features", 60),
    "description": f"""
        length(description) BETWEEN 1 AND 10000 AND instr(CAST(description AS BLOB), x'00') = 0
        AND description NOT GLOB '*[' || {REFUSED} || ']*'
    """,
    "url": """
        length(url) <= 500 AND (url GLOB 'http://?*' OR url GLOB 'https://?*') AND url NOT GLOB '*[^!-~]*'
    """,
    "photos": LIST.format("photos", 30),
}


def upgrade() -> None:
    for name, rule in RULES.items():
        op.execute(f"ALTER TABLE room ADD COLUMN {name} TEXT CHECK ({rule})")


def downgrade() -> None:
    for name in RULES:
        op.execute(f"ALTER TABLE room DROP COLUMN {name}")
