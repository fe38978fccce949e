"""Rooms, the indexes that searches walk, and the R*Tree that finds them by place.

Revision ID: 0001
Revises:
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A UUID must be in lower case: searches are ordered by the code as stored.
HEX = "[0-9A-Fa-f]"
UUID = "-".join(HEX * digits for digits in (8, 4, 4, 4, 12))

TABLE = f"""
CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL
        CHECK (length(code) BETWEEN 1 AND 36)
        CHECK (code GLOB '[A-Za-z0-9]*' AND code NOT GLOB '*[^-A-Za-z0-9._~]*')
        CHECK (code NOT IN ('clusters', 'import', 'summary'))
        CHECK (code NOT GLOB '{UUID}' OR code = lower(code)),
    size INTEGER CHECK (size BETWEEN 1 AND 2147483647),
    price INTEGER NOT NULL CHECK (price BETWEEN 0 AND 2147483647),
    latitude REAL NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude REAL NOT NULL CHECK (longitude BETWEEN -180 AND 180)
) STRICT
"""

# Each sort has an index in its order, followed by the code, so that every page, however deep, starts with one
# look-up. With the size after the price, a summary reads the index alone.
INDEXES = (
    "CREATE UNIQUE INDEX room_code ON room (code)",
    "CREATE INDEX room_price ON room (price, code, size)",
    "CREATE INDEX room_price_descending ON room (price DESC, code)",
    "CREATE INDEX room_size ON room (size, code)",
    "CREATE INDEX room_size_descending ON room (size DESC, code)",
)

# The R*Tree holds 32-bit coordinates, rounded outwards: it gives candidates, and the table decides. Triggers
# maintain it, so that rooms written by hand are found too.
PLACES = (
    "CREATE VIRTUAL TABLE room_place USING rtree (id, west, east, south, north)",
    """
    CREATE TRIGGER room_place_insert AFTER INSERT ON room BEGIN
        INSERT INTO room_place
        VALUES (new.id, new.longitude, new.longitude, new.latitude, new.latitude);
    END
    """,
    """
    CREATE TRIGGER room_place_update AFTER UPDATE OF id, latitude, longitude ON room
    WHEN (old.id, old.latitude, old.longitude) IS NOT (new.id, new.latitude, new.longitude) BEGIN
        DELETE FROM room_place WHERE id = old.id;
        INSERT INTO room_place
        VALUES (new.id, new.longitude, new.longitude, new.latitude, new.latitude);
    END
    """,
    """
    CREATE TRIGGER room_place_delete AFTER DELETE ON room BEGIN
        DELETE FROM room_place WHERE id = old.id;
    END
    """,
)


def upgrade() -> None:
    for statement in (TABLE, *INDEXES, *PLACES):
        op.execute(statement)


def downgrade() -> None:
    for table in ("room_place", "room"):  # indexes and triggers go with their table
        op.execute(f"DROP TABLE {table}")
