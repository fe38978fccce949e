"""Command lines that used to act on the production stack: refused, because a script may still mean that."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from stack.commands import INSIDE, UsageError
from stack.compose import SECRETS

_RENAMED = {"rotate-secrets": "stack rotate-secrets"}
_MEANT_THE_STACK = ("backup", "restore")
"""Commands that acted on the stack if the environment named neither a storage nor a configuration."""


def refuse(command: str, arguments: Sequence[str], configuration: str, local: str | None) -> None:
    """Raise UsageError if the command line would now act on another storage than it used to.

    configuration: APPLICATION_CONFIG of the environment, empty if unset.
    local: the storage that the command would use by default; None if one is named.
    """
    line = shlex.join([command, *arguments])
    if command in _RENAMED:
        raise UsageError(f"{command} is now ./manage.py {_RENAMED[command]}. Nothing was done.")
    if local is None:
        return
    if configuration == "production" and command in INSIDE:
        raise UsageError(
            f"{command} acts on this machine's storage, and APPLICATION_CONFIG=production names none. "
            f"For the production stack: ./manage.py stack {line}. Nothing was done."
        )
    here = local or "this machine"
    if not configuration and command in _MEANT_THE_STACK and SECRETS.exists():
        raise UsageError(
            f"{command} acts on this machine's storage, and this machine also has a production stack. "
            f"For the stack: ./manage.py stack {line}. "
            f"For {here}: APPLICATION_CONFIG=development ./manage.py {line}. Nothing was done."
        )
