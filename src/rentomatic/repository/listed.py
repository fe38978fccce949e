"""The values that conditions list."""

from collections.abc import Iterable
from typing import Any

from rentomatic.domain.search import Condition


def listed_values(conditions: Iterable[Condition]) -> list[Any] | None:
    """Return the sorted values that every list among conditions on one field has; None without a list."""
    lists = [set(c.value) for c in conditions if isinstance(c.value, tuple)]
    return sorted(set.intersection(*lists)) if lists else None
