"""Rooms in PostgreSQL: one server, or several of which one can be written to."""
