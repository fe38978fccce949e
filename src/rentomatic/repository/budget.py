"""How long a storage may take for an answer."""

_LEAST = 0.001
"""Seconds. Storages take 0 for no bound at all."""


def seconds_within(within: float | None, timeout: float) -> float:
    """The seconds that are given, None for as many as usual, and never more than usual."""
    return timeout if within is None else max(_LEAST, min(within, timeout))
