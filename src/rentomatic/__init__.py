"""Rent-o-matic: the search engine of a room-renting company."""

__version__ = "0.1.0"
