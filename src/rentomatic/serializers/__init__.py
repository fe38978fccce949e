"""Rooms to bytes and bytes to rooms, one module per format."""
