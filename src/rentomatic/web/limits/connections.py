"""The sockets of this process, for servers that give no other access to their connections."""

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

SILENT_FOR = 30.0
"""Seconds within which the first byte of a new connection has to arrive."""

_PAUSE = 5.0

_SAMPLE = 512
"""The most files to examine when counting connections: each takes a few microseconds."""

# In `struct tcp_info`, linux/tcp.h: see tcp(7).
_INFO_SIZE = 192
_ESTABLISHED = 1
_LAST_RECEIVED = slice(52, 56)
_BYTES_RECEIVED = slice(128, 136)


def sockets() -> Iterator[socket.socket]:
    """Yield the network sockets of this process, which must not be closed."""
    yield from _sockets(os.listdir("/dev/fd"))  # noqa: PTH208 - only the names are needed


def _sockets(names: list[str]) -> Iterator[socket.socket]:
    for name in names:
        with suppress(OSError):  # not a socket, or closed in the meantime
            found = socket.socket(fileno=int(name))
            try:
                if found.family in (socket.AF_INET, socket.AF_INET6):
                    yield found
            finally:
                found.detach()


def received(connection: socket.socket) -> tuple[int, float]:
    """Return the bytes that a TCP connection has received, and the seconds since the last one or its start.

    Raises OSError for any other socket. Linux only.
    """
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)
    milliseconds = int.from_bytes(info[_LAST_RECEIVED], "little")
    return int.from_bytes(info[_BYTES_RECEIVED], "little"), milliseconds / 1000


def count_active(port: int, seconds: float) -> int:
    """Count the connections to a port that received something in the last `seconds`; an estimate if many.

    0 if no more files can be opened, so that it cannot be known. Linux only.
    """
    try:
        names = os.listdir("/dev/fd")  # noqa: PTH208 - only the names are needed
    except OSError:
        return 0
    some = random.sample(names, min(_SAMPLE, len(names)))
    active = 0
    for found in _sockets(some):
        with suppress(OSError):  # not TCP, or closed in the meantime
            size, since = received(found)
            active += size > 0 and since <= seconds and found.getsockname()[1] == port
    return round(active * len(names) / len(some))


def close_silent_connections() -> None:
    """From now on, close connections to this process on which nothing arrives for SILENT_FOR seconds.

    Granian's time limit for the head of a request starts with its first byte, so a client that sends nothing
    would keep its connection for ever.
    """
    if hasattr(socket, "TCP_INFO"):
        threading.Thread(target=_watch, name="silent connections", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(_PAUSE)
        with suppress(OSError):  # no more files can be opened: try again later
            _end_silent()


def _end_silent() -> None:
    ports = {found.getsockname()[1] for found in sockets() if is_listening(found)}
    for found in sockets():
        with suppress(OSError):  # not TCP, or closed in the meantime
            size, seconds = received(found)
            if not size and seconds > SILENT_FOR and found.getsockname()[1] in ports:
                found.shutdown(socket.SHUT_RDWR)


def is_established(connection: socket.socket) -> bool:
    """Whether neither side has begun to close a TCP connection. Linux only."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)[0] == _ESTABLISHED


def is_listening(found: socket.socket) -> bool:
    """Whether the socket accepts connections; False if it was closed in the meantime."""
    try:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False
