"""The words of rooms, beside their texts, for searches for words.

A room that states a text but has no words yet is *pending*. This program writes both together; a room that
was written by hand or by an older program is pending until its words are written.

Revision ID: 0008
Revises: 0006
"""

from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXTS = ("title", "kind", "neighbourhood", "features", "description")

OLD, NEW = (", ".join(f"{row}.{name}" for name in TEXTS) for row in ("OLD", "NEW"))

STATEMENTS = (
    "ALTER TABLE room ADD COLUMN words tsvector",
    """
    CREATE FUNCTION room_forgets_words() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.words := NULL; RETURN NEW; END'
    """,
    f"""
    CREATE TRIGGER room_texts_changed BEFORE UPDATE OF {", ".join(TEXTS)} ON room FOR EACH ROW
    WHEN (NEW.words IS NOT DISTINCT FROM OLD.words AND ({NEW}) IS DISTINCT FROM ({OLD}))
    EXECUTE FUNCTION room_forgets_words()
    """,
    # Only a bitmap scan can read an index of words, and searches have those switched off. The settings hold
    # within the function alone. At most `most` rooms are returned, all of them if it is null.
    """
    CREATE FUNCTION rooms_with(asked tsquery, most bigint) RETURNS SETOF tid
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 SET enable_bitmapscan = on SET enable_seqscan = off
    AS 'SELECT ctid FROM room WHERE words @@ asked LIMIT most'
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION rooms_with")
    op.execute("DROP TRIGGER room_texts_changed ON room")
    op.execute("DROP FUNCTION room_forgets_words")
    op.execute("ALTER TABLE room DROP COLUMN words")
