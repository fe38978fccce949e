"""The configuration, read once from the environment; the only reader of it."""

from rentomatic.settings.databases import (
    GOOD_LENGTH,
    Database,
    MemoryDatabase,
    MongoDatabase,
    PostgresDatabase,
    SqliteDatabase,
    database,
    has_password,
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
from rentomatic.settings.keys import ApiKey, Scope, digest_of, new_key

__all__ = [
    "DEFAULTS",
    "GOOD_LENGTH",
    "ApiKey",
    "Database",
    "MemoryDatabase",
    "MongoDatabase",
    "PostgresDatabase",
    "Scope",
    "Settings",
    "SettingsError",
    "SqliteDatabase",
    "database",
    "digest_of",
    "has_password",
    "has_short_password",
    "has_weak_password",
    "is_production",
    "new_key",
    "read_settings",
]
