"""Alembic's part of the migrations of storages that speak SQL; each brings a folder of revisions."""
