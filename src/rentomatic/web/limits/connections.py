"""The sockets of this process, where a server gives no other way to reach its connections."""

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

SILENT_FOR = 30.0
"""Seconds in which the first byte of a new connection has to arrive."""

_PAUSE = 5.0

_SAMPLE = 512
"""Files that are looked at to count connections: looking at one takes some microseconds."""

# In `struct tcp_info`, linux/tcp.h: see tcp(7).
_INFO_SIZE = 192
_ESTABLISHED = 1
_LAST_RECEIVED = slice(52, 56)
_BYTES_RECEIVED = slice(128, 136)


def sockets() -> Iterator[socket.socket]:
    """The network sockets of this process, not to be closed."""
    yield from _sockets(os.listdir("/dev/fd"))  # noqa: PTH208 - names are all that there is


def _sockets(names: list[str]) -> Iterator[socket.socket]:
    for name in names:
        with suppress(OSError):  # not a socket, or closed meanwhile
            found = socket.socket(fileno=int(name))
            try:
                if found.family in (socket.AF_INET, socket.AF_INET6):
                    yield found
            finally:
                found.detach()


def received(connection: socket.socket) -> tuple[int, float]:
    """How many bytes a TCP connection has received, and seconds since the last one, or since it began.

    Raises OSError for any other socket. Linux only.
    """
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)
    milliseconds = int.from_bytes(info[_LAST_RECEIVED], "little")
    return int.from_bytes(info[_BYTES_RECEIVED], "little"), milliseconds / 1000


def count_active(port: int, seconds: float) -> int:
    """How many connections to a port received something in the last `seconds`; an estimate if they are many.

    0 where no more files can be opened, so that it cannot be known. Linux only.
    """
    try:
        names = os.listdir("/dev/fd")  # noqa: PTH208 - names are all that there is
    except OSError:
        return 0
    some = random.sample(names, min(_SAMPLE, len(names)))
    active = 0
    for found in _sockets(some):
        with suppress(OSError):  # not TCP, or closed meanwhile
            size, since = received(found)
            active += size > 0 and since <= seconds and found.getsockname()[1] == port
    return round(active * len(names) / len(some))


def close_silent_connections() -> None:
    """From now on, end the connections to this process on which nothing arrives for SILENT_FOR seconds.

    Granian's time limit for the head of a request begins with its first byte, so a client that sends
    nothing would keep its connection for ever.
    """
    if hasattr(socket, "TCP_INFO"):
        threading.Thread(target=_watch, name="silent connections", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(_PAUSE)
        with suppress(OSError):  # no more files can be opened: look again later
            _end_silent()


def _end_silent() -> None:
    ports = {found.getsockname()[1] for found in sockets() if is_listening(found)}
    for found in sockets():
        with suppress(OSError):  # not TCP, or closed meanwhile
            size, seconds = received(found)
            if not size and seconds > SILENT_FOR and found.getsockname()[1] in ports:
                found.shutdown(socket.SHUT_RDWR)


def is_established(connection: socket.socket) -> bool:
    """Whether neither side has begun to close a TCP connection. Linux only."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)[0] == _ESTABLISHED


def is_listening(found: socket.socket) -> bool:
    """Whether the socket takes connections and is none itself; False if it was closed meanwhile."""
    try:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False
