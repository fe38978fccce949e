"""The features, the description, the address and the photos of rooms.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REFUSED = r"\u0001-\u0009\u000b-\u001f\u007f-\u00a0\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000"
"""Control characters but the line feed, what reorders or ends a line, and all spaces but the plain one."""

LIST = "cardinality({0}) BETWEEN 1 AND {1} AND array_ndims({0}) = 1 AND array_position({0}, NULL) IS NULL"

# `text`, not `varchar(n)`: before a table has statistics, PostgreSQL takes a long `varchar` for a wide one,
# and so the table for one with few rooms.
RULES = {
    "features text[]": f"""
        {LIST.format("features", 60)}
        AND array_to_string(features, ';') ~ '^[^,;]{{1,60}}(;[^,;]{{1,60}})*$'
    """,
    "description text": f"length(description) BETWEEN 1 AND 10000 AND description !~ '[{REFUSED}]'",
    "url text": "length(url) <= 500 AND url ~ '^https?://[!-~]+$'",
    "photos text[]": f"""
        {LIST.format("photos", 30)}
        AND array_to_string(photos, ' ') ~ '^[!-~]+( [!-~]+)*$'
    """,
}


def upgrade() -> None:
    # NOT VALID: no room states them yet, and to look at all of them would keep others out for as long.
    changes = (
        f"""
        ADD COLUMN {column} COLLATE "C",
        ADD CONSTRAINT room_{column.split()[0]}_rule CHECK ({rule}) NOT VALID
        """
        for column, rule in RULES.items()
    )
    op.execute(f"ALTER TABLE room {', '.join(changes)}")
    op.execute(
        """
        CREATE FUNCTION has_all(present text[], wanted text[]) RETURNS boolean
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT present @> wanted'
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION has_all")
    op.execute(f"ALTER TABLE room {', '.join(f'DROP COLUMN {column.split()[0]}' for column in RULES)}")
