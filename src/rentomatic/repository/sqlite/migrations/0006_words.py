"""The words of rooms, and an index that finds rooms by them.

The program writes the words of a room into the column `words`, each after a space, and triggers keep the
index: a full-text table without texts of its own. Its tokenizer parts words at spaces and leaves them as they
are; the view of its vocabulary has a row for each word of each room, in the order of the words. A room with
texts and without words, written by hand or by an older program, is pending: searches look at its texts until
its words are written.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXTS = ("title", "kind", "neighbourhood", "features", "description")


def row(name: str) -> str:
    return f"({', '.join(f'{name}.{text}' for text in TEXTS)})"


ADD = "INSERT INTO room_words (rowid, words) VALUES (new.id, new.words)"
REMOVE = "INSERT INTO room_words (room_words, rowid, words) VALUES ('delete', old.id, old.words)"

STATEMENTS = (
    "ALTER TABLE room ADD COLUMN words TEXT",
    f"CREATE INDEX room_unread ON room (id) WHERE words IS NULL AND coalesce({', '.join(TEXTS)}) IS NOT NULL",
    """
    CREATE VIRTUAL TABLE room_words
    USING fts5 (words, content = '', detail = none, columnsize = 0, tokenize = 'ascii')
    """,
    "CREATE VIRTUAL TABLE room_word USING fts5vocab (room_words, instance)",
    f"CREATE TRIGGER room_words_insert AFTER INSERT ON room WHEN new.words <> '' BEGIN {ADD}; END",
    f"CREATE TRIGGER room_words_delete AFTER DELETE ON room WHEN old.words <> '' BEGIN {REMOVE}; END",
    f"""
    CREATE TRIGGER room_words_removed AFTER UPDATE OF id, words ON room
    WHEN old.words <> '' AND (old.id, old.words) IS NOT (new.id, new.words) BEGIN {REMOVE}; END
    """,
    f"""
    CREATE TRIGGER room_words_added AFTER UPDATE OF id, words ON room
    WHEN new.words <> '' AND (old.id, old.words) IS NOT (new.id, new.words) BEGIN {ADD}; END
    """,
    f"""
    CREATE TRIGGER room_words_outdated AFTER UPDATE OF {", ".join(TEXTS)} ON room
    WHEN new.words IS old.words AND new.words IS NOT NULL AND {row("old")} IS NOT {row("new")} BEGIN
        UPDATE room SET words = NULL WHERE id = new.id;
    END
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for trigger in ("insert", "delete", "removed", "added", "outdated"):
        op.execute(f"DROP TRIGGER room_words_{trigger}")
    for table in ("room_word", "room_words"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP INDEX room_unread")
    op.execute("ALTER TABLE room DROP COLUMN words")
