"""The schema of every storage: revisions are the only way in which it changes.

Each storage has its own: Alembic's in the folders `sqlite` and `postgres`, which `runner` applies, and
`mongo`, a module, since Alembic speaks SQL only.
"""

SQLITE_REVISION = "0001"
POSTGRES_REVISION = "0001"
MONGO_REVISION = "0001"
"""The schemas that this program needs: the newest revision of each."""

Revisions = tuple[str | None, str | None]
"""The revision of a schema before and after a migration, None for no schema."""
