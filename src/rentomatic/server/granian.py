"""Granian, configured for this application."""

import logging
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]
from granian.server import MPServer
from granian.server.mp import WorkerProcess

from rentomatic.server import draining
from rentomatic.server.balance import shared_loads
from rentomatic.server.listeners import listeners
from rentomatic.server.serving import (
    BACKLOG,
    CONNECTIONS,
    STOP_TIMEOUT,
    Serving,
    allow_connections,
    cut_off_stalled_readers,
)
from rentomatic.web.limits.turns import server_threads
from rentomatic.web.telemetry.logs import logging_configuration

_OVERLAP = 1.0
"""Seconds for which a replaced worker runs beside the new one."""


class SpreadServer(MPServer):
    """Granian with listening sockets that belong to the main process: one for each worker if possible.

    By default, on Linux each worker creates its own, and connections waiting for a worker that stops are
    reset by the kernel; on other systems all workers share one.
    """

    def __init__(self, serving: Serving, loads: Path | None, sockets: int, **options: Any) -> None:
        super().__init__(serving.target, **options)
        self._serving = serving
        self._loads = loads
        self._sockets = sockets
        self._listeners: list[socket.socket] = []

    def _spawn_worker(  # type: ignore[override] # the base class of its base class says otherwise
        self, idx: int, target: Any, callback_loader: Any
    ) -> WorkerProcess:
        listener = self._listeners[idx % len(self._listeners)]
        self._shd, self._sso = _holder(listener), listener
        others = [other for other in self._listeners if other is not listener]
        place = None if self._loads is None else draining.Place(self._loads, idx, listener, others)
        return super()._spawn_worker(idx, target, partial(callback_loader, place=place))

    def _respawn_workers(self, workers: Any, target: Any, loader: Any, delay: float = 0) -> None:
        """Replace all workers on SIGHUP, or one after its lifetime; without a delay, one that died."""
        if not delay or self._serving.may_replace():
            super()._respawn_workers(workers, target, loader, delay)

    def _init_shared_socket(self) -> None:
        self._listeners = listeners(self.bind_addr, self.bind_port, self._sockets, self.backlog)
        for listener in self._listeners:
            cut_off_stalled_readers(listener, self._serving.reader_timeout)

    def _drop_shared_socket(self) -> None:
        for listener in self._listeners:
            listener.close()


def _holder(listener: socket.socket) -> Any:
    """Wrap a socket for a granian worker. It starts to listen when the worker is ready."""
    backlog = (BACKLOG,) if sys.platform == "linux" else ()
    holder: Callable[..., Any] = SocketHolder
    return holder(listener.fileno(), False, *backlog)


def server(serving: Serving, loads: Path | None = None, sockets: int | None = None) -> MPServer:
    """Return the server, not yet started.

    loads: a file of `shared_loads`, for several workers. sockets: how many; by default one for each worker.
    """
    return SpreadServer(
        serving,
        loads,
        sockets or serving.workers,
        interface=Interfaces.WSGI,
        address=serving.host,
        port=serving.port,
        workers=serving.workers,
        blocking_threads=server_threads(serving.threads),
        backlog=BACKLOG,
        # Counts connections, idle ones included, although its name and documentation say requests.
        backpressure=CONNECTIONS,
        websockets=False,
        workers_lifetime=serving.lifetime or None,
        workers_kill_timeout=STOP_TIMEOUT,
        respawn_failed_workers=True,
        respawn_interval=_OVERLAP,
        log_level=LogLevels(serving.log_level),
        log_dictconfig=logging_configuration(serving.log_level),
    )


def run(serving: Serving) -> None:
    """Serve until a signal to stop."""
    allow_connections()
    logging.getLogger("_granian").addFilter(_is_useful)
    with shared_loads(serving.workers) as loads:
        server(serving, loads).serve(target_loader=draining.load)


def _is_useful(record: logging.LogRecord) -> bool:
    """Whether a line of granian's log is useful. The warning about many threads is not: most of them wait."""
    return "Python threads, which seems quite high" not in record.getMessage()
