"""The schema of PostgreSQL, which only Alembic revisions change."""

POSTGRES_REVISION = "0012"
"""The newest revision: the schema that this program needs."""
