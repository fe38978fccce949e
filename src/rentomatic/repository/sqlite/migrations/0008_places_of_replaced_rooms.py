"""Triggers that overwrite a place left behind under the id of a new room, and a repair of such places.

`INSERT OR REPLACE` and `UPDATE OR REPLACE` by hand remove rooms without calling triggers, which leaves their
places, and SQLite gives their ids to other rooms later.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ADD = "INSERT INTO room_place VALUES (new.id, new.longitude, new.longitude, new.latitude, new.latitude)"
REMOVE = "DELETE FROM room_place WHERE id"

INSERT = "CREATE TRIGGER room_place_insert AFTER INSERT ON room BEGIN {}; END"
UPDATE = """
    CREATE TRIGGER room_place_update AFTER UPDATE OF id, latitude, longitude ON room
    WHEN (old.id, old.latitude, old.longitude) IS NOT (new.id, new.latitude, new.longitude) BEGIN {}; END
"""

# Deletes first, since with `INSERT OR IGNORE` by hand the trigger would ignore what is in its way.
TRIGGERS = (
    INSERT.format(f"{REMOVE} = new.id; {ADD}"),
    UPDATE.format(f"{REMOVE} IN (old.id, new.id); {ADD}"),
)
EARLIER = (INSERT.format(ADD), UPDATE.format(f"{REMOVE} = old.id; {ADD}"))

REPAIR = (
    """
    DELETE FROM room_place WHERE id IN (
        SELECT place.id FROM room_place AS place LEFT JOIN room ON room.id = place.id
        WHERE room.id IS NULL OR longitude NOT BETWEEN west AND east OR latitude NOT BETWEEN south AND north
    )
    """,
    """
    INSERT INTO room_place SELECT id, longitude, longitude, latitude, latitude FROM room
    WHERE NOT EXISTS (SELECT 1 FROM room_place_rowid WHERE room_place_rowid.rowid = room.id)
    """,
)


def upgrade() -> None:
    for statement in REPAIR:
        op.execute(statement)
    _replace(TRIGGERS)


def downgrade() -> None:
    _replace(EARLIER)


def _replace(triggers: tuple[str, ...]) -> None:
    for name in ("insert", "update"):
        op.execute(f"DROP TRIGGER room_place_{name}")
    for trigger in triggers:
        op.execute(trigger)
