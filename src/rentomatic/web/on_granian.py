"""Granian, set up for this application."""

import socket
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.net import SocketSpec  # type: ignore[attr-defined]
from granian.server import MPServer

from rentomatic.web import draining
from rentomatic.web.logs import logging_configuration
from rentomatic.web.serving import (
    BACKLOG,
    CONNECTIONS,
    STOP_TIMEOUT,
    Serving,
    allow_connections,
    cut_off_stalled_readers,
)
from rentomatic.web.turns import server_threads

_OVERLAP = 1.0
"""Seconds for which a worker that is replaced goes on beside the new one."""


class OneSocketServer(MPServer):
    """Granian with one listening socket for all workers, as it has by itself on other systems than Linux.

    There every worker listens on its own, and what waits for one that ends is reset by the kernel.
    """

    def __init__(self, serving: Serving, **options: Any) -> None:
        super().__init__(serving.target, **options)
        self._serving = serving

    def _respawn_workers(self, workers: Any, target: Any, loader: Any, delay: float = 0) -> None:
        """Replace all workers at a SIGHUP, or one at its lifetime's end; without a delay, one that ended."""
        if not delay or self._serving.may_replace():
            super()._respawn_workers(workers, target, loader, delay)

    def _init_shared_socket(self) -> None:
        listener: Any = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._ssp, self._shd, self._sfd = None, listener, listener.get_fd()
        self._sso = socket.socket(fileno=self._sfd)
        self._sso.set_inheritable(True)
        cut_off_stalled_readers(self._sso, self._serving.reader_timeout)


def server(serving: Serving) -> MPServer:
    """The server, not yet started."""
    return OneSocketServer(
        serving,
        interface=Interfaces.WSGI,
        address=serving.host,
        port=serving.port,
        workers=serving.workers,
        blocking_threads=server_threads(serving.threads),
        backlog=BACKLOG,
        # Counts connections, idle ones as well, although its name and documentation speak of requests.
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
    server(serving).serve(target_loader=draining.load)
