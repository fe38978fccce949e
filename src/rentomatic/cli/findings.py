"""What a check of `doctor` finds."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands with a check. Only what is wrong fails the command."""

    GOOD = "good"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    state: State
    facts: str


def required(good: bool, facts: str) -> Finding:
    """Good, or wrong."""
    return Finding(State.GOOD if good else State.WRONG, facts)
