"""The sockets that the workers of a server listen on.

If all workers share one socket, the first to wake takes whole bursts of connections. If each has its own
(SO_REUSEPORT, see socket(7)), the kernel spreads connections by a hash of their addresses. The main process
keeps all sockets open while it serves, and a replacement worker listens on its predecessor's: so no
connection that waits in a kernel queue is reset when a worker ends, for whatever reason.
"""

import socket
import sys


class CannotListen(Exception):
    """The address and port cannot be listened on."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {error.strerror}")


def require_free(host: str, port: int) -> None:
    """Raise CannotListen if the port is taken, before anything else is done."""
    try:
        _bound(host, port).close()
    except OSError as error:
        raise CannotListen(host, port, error) from error


def listeners(host: str, port: int, number: int, backlog: int) -> list[socket.socket]:
    """Open one socket for each worker, or a single one if the system cannot spread connections.

    Raises CannotListen if the port is taken, even by a server of the same user.
    """
    try:
        first = _bound(host, port)
        first.listen(backlog)  # before the others join, so that two servers never share a port
    except OSError as error:
        raise CannotListen(host, port, error) from error
    if number == 1 or sys.platform != "linux":
        return [first]
    try:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        others = [_bound(host, port, socket.SO_REUSEPORT) for _ in range(number - 1)]
    except OSError:
        return [first]
    for listener in others:  # in order, so that the kernel numbers them like the workers
        listener.listen(backlog)
    return [first, *others]


def _bound(host: str, port: int, *options: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        for option in (socket.SO_REUSEADDR, *options):
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener
