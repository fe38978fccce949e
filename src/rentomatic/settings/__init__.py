"""The configuration, read once from the environment; the only reader of it."""

from rentomatic.settings.databases import (
    Database,
    MemoryDatabase,
    MongoDatabase,
    PostgresDatabase,
    SqliteDatabase,
    database,
)
from rentomatic.settings.environment import DEFAULTS, Settings, SettingsError, read_settings

__all__ = [
    "DEFAULTS",
    "Database",
    "MemoryDatabase",
    "MongoDatabase",
    "PostgresDatabase",
    "Settings",
    "SettingsError",
    "SqliteDatabase",
    "database",
    "read_settings",
]
