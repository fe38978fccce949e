"""`python -m rentomatic.server.watchdog`: the health check of a container; it also ends a server that hangs.

Like `probe`, it exits with 0 if the server is ready. A server that answered before and missed the last LIMIT
checks is killed: its container ends with it, and the restart policy starts it again. Only `/health/live`
counts for that: a database that is away is no reason to restart. A server that was told to stop is left alone
while it finishes the requests it has: Docker goes on with health checks then.
"""

import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from rentomatic.server.probe import probe

LIMIT = 5
"""Checks in a row without an answer, then the server is killed."""

_MISSED = Path("/dev/shm/rentomatic-missed-checks")  # noqa: S108 - belongs to this container alone
"""How many checks in a row had no answer. Made by the first answer; gone when the container starts again."""

_LISTEN = "0A"
"""The state of a socket in /proc/net/tcp, see proc(5)."""


def main() -> int:
    """0 for a server that is ready, else 1 and a line on standard error that says what came."""
    if probe("/health/live") == 0:
        _MISSED.write_text("0")
        return probe("/health/ready")
    for server in _servers():
        if _listens(server) and _count_miss() >= LIMIT:
            with suppress(OSError):  # a log that cannot be written does not keep a hung server alive
                _log(server)
            os.kill(int(server.name), signal.SIGKILL)
    return 1


def _count_miss() -> int:
    """Count one more and return the sum; 0 if the server never answered, since it may still be starting."""
    if not _MISSED.exists():
        return 0
    missed = int(_MISSED.read_text()) + 1
    _MISSED.write_text(str(missed))
    return missed


def _servers() -> list[Path]:
    """The main process of the server in /proc, a child of the container's init; all others end with it."""
    children = [Path("/proc", child) for child in Path("/proc/1/task/1/children").read_text().split()]
    return [child for child in children if b"serve" in (child / "cmdline").read_bytes().split(b"\0")]


def _listens(server: Path) -> bool:
    """Whether it accepts connections: either server closes its listening socket first when it is to stop."""
    tables = [
        (server / "net" / name).read_text() for name in ("tcp", "tcp6") if (server / "net" / name).exists()
    ]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    listening = {f"socket:[{row[9]}]" for row in rows if row[3] == _LISTEN}
    return any(str(file.readlink()) in listening for file in (server / "fd").iterdir())


def _log(server: Path) -> None:
    """Write why into the server's own log: Docker keeps the output of only five health checks."""
    from rentomatic.web.telemetry.logs import JsonFormatter  # not needed by most checks

    with (server / "fd" / "1").open("w") as log:
        handler = logging.StreamHandler(log)
        handler.setFormatter(JsonFormatter())
        logger = logging.getLogger("rentomatic.watchdog")
        logger.addHandler(handler)
        logger.error("The server missed %d health checks in a row and is restarted.", LIMIT)


if __name__ == "__main__":
    sys.exit(main())
