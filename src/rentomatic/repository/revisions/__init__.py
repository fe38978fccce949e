"""Alembic, as the storages with SQL use it; each storage has its own folder of revisions."""
