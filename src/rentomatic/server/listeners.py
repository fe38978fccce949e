"""The sockets that the workers of a server listen on.

Where all of them share one, the first worker to wake takes whole bursts of connections. Where each has one of
its own (SO_REUSEPORT, see socket(7)) the kernel spreads connections by a hash of their addresses. The main
process keeps all of them open for as long as it serves, and a worker that replaces another one listens on the
same: so nothing that waits in a queue of the kernel is reset when a worker ends, however it ends.
"""

import socket
import sys


class CannotListen(Exception):
    """The address and port cannot be listened on."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {error.strerror}")


def require_free(host: str, port: int) -> None:
    """Raise CannotListen for a port that is taken, before anything else is done."""
    try:
        _bound(host, port).close()
    except OSError as error:
        raise CannotListen(host, port, error) from error


def listeners(host: str, port: int, number: int, backlog: int) -> list[socket.socket]:
    """One socket for each worker, or a single one where the system cannot spread connections over several.

    Raises CannotListen where the port is taken, by a server of the same user as well.
    """
    try:
        first = _bound(host, port)
        first.listen(backlog)  # alone, before others may join: so two servers never share a port
    except OSError as error:
        raise CannotListen(host, port, error) from error
    if number == 1 or sys.platform != "linux":
        return [first]
    try:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        others = [_bound(host, port, socket.SO_REUSEPORT) for _ in range(number - 1)]
    except OSError:
        return [first]
    for listener in others:  # in order, so that their numbers in the kernel are those of the workers
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
