"""A worker of granian that ends without a failed request.

At a SIGTERM granian finishes requests in flight, but closes every connection on which none was read yet:
also those on which one is just arriving. So here a worker first takes no new connections, and asks for
the end of those that it has with its next answers; granian hears of the signal when that is done.
"""

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from rentomatic.server.balance import Balance, Loads, Wsgi, counted
from rentomatic.server.steering import steer
from rentomatic.web.limits.connections import close_silent_connections, count_active, is_listening, sockets

_PATIENCE = 2.0
"""Seconds in which kept-alive connections may bring another request, the last."""

_PAUSE = 0.02

_PR_SET_PDEATHSIG = 1  # linux/prctl.h: see prctl(2)


@dataclass(frozen=True, slots=True)
class Place:
    """A worker among others: the file with the loads of all, its row there, its listening socket, theirs."""

    loads: Path
    row: int
    listener: socket.socket
    others: Sequence[socket.socket]

    def take(self) -> Balance:
        """Called in the worker."""
        for other in self.others:
            other.close()  # or it would go on taking connections when its own worker no longer does
        port = self.listener.getsockname()[1]
        return Balance(
            Loads(self.loads), self.row, partial(count_active, port), partial(steer, self.listener)
        )


def load(target: str, place: Place | None = None) -> Wsgi:
    """The application of a new worker, from the module and the name of the function that makes it.

    It has to be called in the main thread, before others: those that begin later leave SIGTERM to ours.
    place: None for a worker that is the only one.
    """
    draining = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    threading.Thread(target=_await_signal, args=(draining,), name="stop", daemon=True).start()
    _end_with_the_parent()
    close_silent_connections()
    module, _, name = target.partition(":")
    app: Wsgi = getattr(import_module(module), name)()
    if place is None:
        return closing_when(app, lambda _: draining.is_set())
    balance = place.take()
    balance.start(draining)

    def ends(environ: dict[str, Any]) -> bool:
        return draining.is_set() or (_is_kept(environ) and balance.gives_away())

    return closing_when(counted(app, balance), ends)


def closing_when(app: Wsgi, ends: Callable[[dict[str, Any]], bool]) -> Wsgi:
    """The application, whose answers end their connections where the request's environment says so."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if ends(environ):
                headers = [*headers, ("Connection", "close")]
            return start_response(status, headers, *more)

        return app(environ, start)

    return answer


def _is_kept(environ: dict[str, Any]) -> bool:
    """Whether the connection of a request goes on after it and can be ended: HTTP/2 has no such header."""
    asked: str = environ.get("HTTP_CONNECTION", "")
    return environ["SERVER_PROTOCOL"] == "HTTP/1.1" and asked.lower() != "close"


def _await_signal(draining: threading.Event) -> None:
    signal.sigwait([signal.SIGTERM])
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):  # granian did not come to set its own: nothing is served yet
        os._exit(0)
    try:
        draining.set()
        port = _stop_accepting()
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and _is_connected(port):
            time.sleep(_PAUSE)
    finally:
        stop(signal.SIGTERM, None)


def _stop_accepting() -> int:
    """Put a socket that nobody connects to in the place of the one that is listened on; the old one's port.

    The other workers keep theirs. Granian has no way of its own to accept no more and go on answering.
    """
    port = 0
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        nobody.listen()
        nobody.setblocking(False)
        for listener in filter(is_listening, sockets()):
            if listener.fileno() != nobody.fileno():
                port = listener.getsockname()[1]
                os.dup2(nobody.fileno(), listener.fileno())
    return port


def _is_connected(port: int) -> bool:
    """Whether this process has a connection that came to the port."""
    for found in sockets():
        with suppress(OSError):  # closed meanwhile
            if found.getsockname()[1] == port and not is_listening(found):
                return True
    return False


def _end_with_the_parent() -> None:
    """Stop this worker like a SIGTERM when the main process is killed: nobody else would, nor renew it.

    Linux only. The worker would keep the port, and an old version and old keys in use.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
