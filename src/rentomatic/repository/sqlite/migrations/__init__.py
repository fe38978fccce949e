"""The schema of SQLite, which only Alembic revisions change."""

SQLITE_REVISION = "0008"
"""The newest revision: the schema that this program needs."""
