"""The schema of SQLite: Alembic's revisions are the only way in which it changes."""

SQLITE_REVISION = "0003"
"""The schema that this program needs: the newest revision."""
