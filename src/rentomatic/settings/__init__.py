"""The configuration, read once from the environment and checked."""

from rentomatic.settings.environment import (
    DEFAULTS,
    Settings,
    SettingsError,
    is_production,
    program_name,
    read_settings,
    stack_name,
    storage_of,
)
from rentomatic.settings.keys import ApiKey, Scope, digest_of, new_key
from rentomatic.settings.passwords import GOOD_LENGTH, is_weak

__all__ = [
    "DEFAULTS",
    "GOOD_LENGTH",
    "ApiKey",
    "Scope",
    "Settings",
    "SettingsError",
    "digest_of",
    "is_production",
    "is_weak",
    "new_key",
    "program_name",
    "read_settings",
    "stack_name",
    "storage_of",
]
