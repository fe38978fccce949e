"""Rooms in MongoDB: a replica set of any size, one node being enough."""
