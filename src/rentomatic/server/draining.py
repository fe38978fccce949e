"""A worker of granian that stops without failing a request.

On SIGTERM granian finishes requests in flight, but closes every connection on which it has read no request
yet, even one on which a request is just arriving. So here a worker first stops accepting connections, and
closes its own with their next responses; granian gets the signal after that.
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
"""Seconds for which kept-alive connections may bring one last request."""

_PAUSE = 0.02

_PR_SET_PDEATHSIG = 1  # linux/prctl.h: see prctl(2)


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a worker: the file with all loads, its row there, its listening socket, and the others."""

    loads: Path
    row: int
    listener: socket.socket
    others: Sequence[socket.socket]

    def take(self) -> Balance:
        """Called in the worker."""
        for other in self.others:
            other.close()  # else it would go on accepting connections for a worker that has stopped
        port = self.listener.getsockname()[1]
        return Balance(
            Loads(self.loads), self.row, partial(count_active, port), partial(steer, self.listener)
        )


def load(target: str, place: Place | None = None) -> Wsgi:
    """Return the application of a new worker, from `module:function`.

    Call it in the main thread before starting others: threads started later inherit the blocked SIGTERM.
    place: None if the server has only one worker.
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
    """Wrap the application to close the connection after responses for which `ends(environ)` is true."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if ends(environ):
                headers = [*headers, ("Connection", "close")]
            return start_response(status, headers, *more)

        return app(environ, start)

    return answer


def _is_kept(environ: dict[str, Any]) -> bool:
    """Whether the connection outlives the request and a header can close it, unlike in HTTP/2."""
    asked: str = environ.get("HTTP_CONNECTION", "")
    return environ["SERVER_PROTOCOL"] == "HTTP/1.1" and asked.lower() != "close"


def _await_signal(draining: threading.Event) -> None:
    signal.sigwait([signal.SIGTERM])
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):  # granian has not set its handler yet: nothing is served
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
    """Replace the listening socket by one that nobody connects to; return the port of the old one.

    The other workers keep theirs. Granian cannot stop accepting connections while it goes on responding.
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
    """Whether this process has a connection to that port."""
    for found in sockets():
        with suppress(OSError):  # closed in the meantime
            if found.getsockname()[1] == port and not is_listening(found):
                return True
    return False


def _end_with_the_parent() -> None:
    """Send this worker SIGTERM when the main process is killed; nobody else would stop or replace it.

    Linux only. Otherwise the worker would keep the port, and keep serving an old version with old keys.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
