"""The schema of PostgreSQL: Alembic's revisions are the only way in which it changes."""

POSTGRES_REVISION = "0003"
"""The schema that this program needs: the newest revision."""
