"""Rooms in PostgreSQL: one server, or a primary with standbys."""
