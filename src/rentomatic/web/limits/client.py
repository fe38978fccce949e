"""Whether the client of a long request is still connected.

WSGI cannot tell, and granian does not even give the client's port. So this asks the kernel about the
connections of this process: tcp(7), `struct tcp_info` in linux/tcp.h. On other systems clients always count
as connected.
"""

import math
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from falcon import HTTPBadRequest, Request

from rentomatic.web.limits.connections import is_established, received, sockets

_Peer = tuple[str, int]

_SECONDS_BETWEEN_LOOKS = 0.5
_ITEMS_BETWEEN_LOOKS = 1000

Item = TypeVar("Item")


class Client:
    """The client of a request, identified by the connections from its address.

    Behind a proxy many requests come from one address. Of the connections that were open when the request
    began, it cannot have come on one that had received fewer bytes than the request sent, nor on one that
    receives more while the request is processed. The client is gone when no candidate is left.
    """

    def __init__(self, req: Request, sent: int | None = None) -> None:
        """Create it before the body is read.

        sent: bytes that have arrived when `is_gone` is first asked; by default the whole body.
        """
        self._address = _plain(req.env.get("REMOTE_ADDR", ""))
        self._port = req.env.get("SERVER_PORT", "")
        self._least = (req.content_length or 0) if sent is None else sent
        self._candidates = dict(self._connections())
        # Streams of HTTP/2 share a connection, which keeps receiving.
        self._is_known = bool(self._candidates) and str(req.env.get("SERVER_PROTOCOL")).startswith("HTTP/1")
        self._has_arrived = False

    def is_gone(self) -> bool:
        """Whether it has closed its connection; False if that cannot be known."""
        now = dict(self._connections())
        if self._has_arrived:
            self._candidates = {peer: n for peer, n in now.items() if self._candidates.get(peer) == n}
        else:
            self._candidates = {
                peer: n for peer, n in now.items() if peer in self._candidates and n >= self._least
            }
            self._has_arrived = True
        return self._is_known and not self._candidates

    def _connections(self) -> Iterator[tuple[_Peer, int]]:
        """Yield the open connections from the address, and how many bytes each has received."""
        if not hasattr(socket, "TCP_INFO"):
            return
        for found in sockets():
            with suppress(OSError):  # not connected, or closed in the meantime
                peer = found.getpeername()
                if (
                    _plain(peer[0]) == self._address
                    and str(found.getsockname()[1]) == self._port
                    and is_established(found)
                ):
                    yield peer[:2], received(found)[0]


def while_present(client: Client, items: Iterable[Item], lost: str) -> Iterator[Item]:
    """Yield the items unchanged. Raises HTTPBadRequest if the client has gone away.

    lost: tells the log what was given up. The connection is checked every half second, and at the end.
    """
    next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
    for number, item in enumerate(items):
        if number % _ITEMS_BETWEEN_LOOKS == 0 and (now := time.monotonic()) >= next_look:
            next_look = now + _SECONDS_BETWEEN_LOOKS
            _require_presence(client, lost)
        yield item
    _require_presence(client, lost)


def _require_presence(client: Client, lost: str) -> None:
    if client.is_gone():
        raise HTTPBadRequest(description=f"The client closed the connection. {lost}")


class Seldom:
    """Allows an action only as often as it takes no more than a given share of the time."""

    def __init__(self, part: float) -> None:
        """part: the share of the time, from 0 to 1."""
        self._part = part
        self._next = 0.0

    @contextmanager
    def allowed(self) -> Iterator[bool]:
        """Tell whether it may be done in the context, which is timed."""
        began = time.monotonic()
        is_allowed = began >= self._next
        if is_allowed:
            self._next = math.inf  # for other threads, until the duration is known
        try:
            yield is_allowed
        finally:
            if is_allowed:
                ended = time.monotonic()
                self._next = ended + (ended - began) / self._part


def _plain(address: str) -> str:
    return address.removeprefix("::ffff:")
