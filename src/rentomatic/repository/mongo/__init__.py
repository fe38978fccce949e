"""Rooms in MongoDB: a replica set of any size, one node being enough."""

from rentomatic.repository.mongo.repository import MongoRepo

__all__ = ["MongoRepo"]
