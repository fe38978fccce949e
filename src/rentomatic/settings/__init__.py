"""The configuration, read once from the environment; the only reader of it."""

from rentomatic.settings.databases import (
    GOOD_LENGTH,
    Database,
    MemoryDatabase,
    MongoDatabase,
    PostgresDatabase,
    SqliteDatabase,
    database,
    has_short_password,
    has_weak_password,
)
from rentomatic.settings.environment import (
    DEFAULTS,
    Settings,
    SettingsError,
    is_production,
    read_settings,
)

__all__ = [
    "DEFAULTS",
    "GOOD_LENGTH",
    "Database",
    "MemoryDatabase",
    "MongoDatabase",
    "PostgresDatabase",
    "Settings",
    "SettingsError",
    "SqliteDatabase",
    "database",
    "has_short_password",
    "has_weak_password",
    "is_production",
    "read_settings",
]
