"""The commands, those that belong together in one module."""
