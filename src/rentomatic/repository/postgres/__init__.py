"""Rooms in PostgreSQL."""

from rentomatic.repository.postgres.repository import PostgresRepo

__all__ = ["PostgresRepo"]
