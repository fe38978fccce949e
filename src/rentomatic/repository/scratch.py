"""The names of temporary databases."""

import re
import secrets
from datetime import UTC, datetime, timedelta

_SCRATCH = "rentomatic_scratch_"
_STAMP = "%Y%m%dt%H%M%S"


def scratch_name() -> str:
    """Return a new name for a scratch database, which tells when it was made."""
    return f"{_SCRATCH}{datetime.now(UTC).strftime(_STAMP)}_{secrets.token_hex(4)}"


def is_older(name: str, age: timedelta) -> bool:
    """Whether it is the name of a scratch database made longer ago than `age`."""
    named = re.fullmatch(rf"{_SCRATCH}(\d{{8}}t\d{{6}})_[0-9a-f]{{8}}", name)
    if not named:
        return False
    made = datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC)
    return datetime.now(UTC) - made > age
