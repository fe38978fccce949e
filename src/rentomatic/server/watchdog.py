"""`python -m rentomatic.server.watchdog`: the health check of a container; it also kills a hung server.

Like `probe`, it exits with 0 if the server is ready. A server that has answered before and missed the last
LIMIT checks is killed: its container ends with it, and the restart policy starts it again. Only
`/health/live` counts for that: an unreachable database is no reason to restart. A server that is stopping is
left alone while it finishes its requests, because Docker continues the health checks meanwhile.
"""

import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from rentomatic.server.probe import probe

LIMIT = 5
"""Missed checks in a row after which the server is killed."""

_MISSED = Path("/dev/shm/rentomatic-missed-checks")  # noqa: S108 - belongs to this container alone
"""The number of missed checks in a row. Created by the first answer; lost when the container restarts."""

_LISTEN = "0A"
"""The state of a socket in /proc/net/tcp, see proc(5)."""


def main() -> int:
    """Return 0 if the server is ready; otherwise print the failure on standard error and return 1."""
    if probe("/health/live") == 0:
        _MISSED.write_text("0")
        return probe("/health/ready")
    for server in _servers():
        if _listens(server) and _count_miss() >= LIMIT:
            with suppress(OSError):  # an unwritable log must not keep a hung server alive
                _log(server)
            os.kill(int(server.name), signal.SIGKILL)
    return 1


def _count_miss() -> int:
    """Count a miss and return the sum; 0 if the server never answered: it may still be starting."""
    if not _MISSED.exists():
        return 0
    missed = int(_MISSED.read_text()) + 1
    _MISSED.write_text(str(missed))
    return missed


def _servers() -> list[Path]:
    """Return the server's main process in /proc, a child of the container's init; all others end with it."""
    children = [Path("/proc", child) for child in Path("/proc/1/task/1/children").read_text().split()]
    return [child for child in children if b"serve" in (child / "cmdline").read_bytes().split(b"\0")]


def _listens(server: Path) -> bool:
    """Whether it accepts connections: a server that is stopping closes its listening socket first."""
    tables = [
        (server / "net" / name).read_text() for name in ("tcp", "tcp6") if (server / "net" / name).exists()
    ]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    listening = {f"socket:[{row[9]}]" for row in rows if row[3] == _LISTEN}
    return any(str(file.readlink()) in listening for file in (server / "fd").iterdir())


def _log(server: Path) -> None:
    """Write the reason into the server's own log: Docker keeps the output of only five health checks."""
    from rentomatic.web.telemetry.logs import JsonFormatter  # most checks do not need it

    with (server / "fd" / "1").open("w") as log:
        handler = logging.StreamHandler(log)
        handler.setFormatter(JsonFormatter())
        logger = logging.getLogger("rentomatic.watchdog")
        logger.addHandler(handler)
        logger.error("The server missed %d health checks in a row and is restarted.", LIMIT)


if __name__ == "__main__":
    sys.exit(main())
