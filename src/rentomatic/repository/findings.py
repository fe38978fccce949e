"""Results of a check by `doctor`, of a storage or of anything else."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

WANTED = 1 << 30
"""Bytes that should be free on a disk."""


class State(StrEnum):
    """The outcome of a check. Only `WRONG` makes the command fail."""

    GOOD = "good"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    state: State
    facts: str


Check = Callable[[], Finding]
"""Checks one thing. A RentomaticError or OSError that it raises is reported as wrong."""


def required(good: bool, facts: str) -> Finding:
    """Return a good or a wrong finding."""
    return Finding(State.GOOD if good else State.WRONG, facts)


def not_checked(facts: str) -> Finding:
    """Report that something cannot be checked from here, and why."""
    return Finding(State.NOT_CHECKED, facts)


def free_space(folder: Path, wanted: int = WANTED) -> Finding:
    """Check that the disk of a folder, which need not exist yet, has `wanted` bytes free."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    return required(free > wanted, f"{free / 1e9:,.1f} GB free, at least {wanted / 1e9:,.1f} GB are needed")
