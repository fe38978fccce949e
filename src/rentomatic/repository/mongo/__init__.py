"""Rooms in MongoDB: a replica set of any size, even of one node, or a sharded cluster."""
