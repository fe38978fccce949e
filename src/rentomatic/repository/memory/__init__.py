"""Rooms in the memory of one process."""
