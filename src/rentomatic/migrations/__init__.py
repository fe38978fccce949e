"""The schema of every SQL storage: Alembic revisions are the only way in which it changes.

Each storage has its own folder of revisions; `runner` applies them.
"""

SQLITE_REVISION = "0001"
"""The schema that this program needs: the newest revision in the folder `sqlite`."""
